"""Forms of commands that people type, as those that are parsed."""

from __future__ import annotations

from itertools import takewhile

COMMAND_WORD = "--command-word"
"""Option of `run` that takes one word of the command behind `--`."""
_OF_RELEASES = frozenset({"list", "show", "diff"})


def parsed_form(words: list[str]) -> list[str]:
    """Give the words that are parsed for `releases [STAGE]`, `tasks show [STAGE] ID` and a command behind `--`.

    Args:
        words: as they were typed, without the program's name.
    """
    if words[:1] == ["releases"] and not _OF_RELEASES & set(words[1:2]) and not {"-h", "--help"} & set(words):
        return ["releases", "list", *words[1:]]
    if words[:2] == ["tasks", "show"]:
        named = list(takewhile(lambda word: not word.startswith("-"), words[2:4]))
        if named:
            return ["tasks", *named[:-1], "--task", named[-1], *words[2 + len(named) :]]
    if words[:1] == ["run"] and "--" in words:
        end = words.index("--")
        return [*words[:end], *(f"{COMMAND_WORD}={word}" for word in words[end + 1 :])]
    return words
