"""Lines of what a container writes."""

from __future__ import annotations

from dataclasses import dataclass, field

LONGEST_LINE = 256 * 1024
"""Largest event that CloudWatch Logs takes (its quotas)."""


@dataclass(slots=True)
class Lines:
    """Cuts a stream of bytes into lines, one object per stream."""

    _rest: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[str]:
        """Take a piece; the lines that it completes."""
        self._rest += data
        *whole, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        lines = [_text(one) for one in whole]
        while len(self._rest) >= LONGEST_LINE:
            lines.append(_text(bytes(self._rest[:LONGEST_LINE])))
            del self._rest[:LONGEST_LINE]
        return lines

    def end(self) -> list[str]:
        """The last line when nothing ended it."""
        left = bytes(self._rest)
        self._rest.clear()
        return [_text(left)] if left else []


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", errors="replace")
