"""A small shell for tasks without containers: what a rehearsal of `exec` needs, and no more.

It knows `cd`, `echo`, `env`, `exit`, `help`, `hostname`, `ls`, `printenv`, `pwd`, `true` and `false`, and has no files,
pipes or quotes that expand.
"""

from __future__ import annotations

import asyncio
import re
import shlex
from typing import TYPE_CHECKING

from tinystacks.local.documents import members
from tinystacks.local.sessions.process import EnterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.local.runtime.base import ContainerOrder, TaskOrder

SHELLS = frozenset({"sh", "ash", "bash", "/bin/sh", "/bin/ash", "/bin/bash"})
_NOT_FOUND = 127
_INTERRUPTED = 130
_PROMPT = "# "
_BACKSPACES = "\x08\x7f"
_INTERRUPT, _END = "\x03", "\x04"
_LONGEST_LINE = 4096
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+|\?))")
_FOLDERS = "bin  dev  etc  home  lib  proc  root  sbin  sys  tmp  usr  var"


def container_shell(task: TaskOrder, order: ContainerOrder) -> BuiltInShell:
    """Give the shell of a container: with the variables of its definition, a secret as the reference that it is."""
    named = [(one, "value") for one in members(order.definition, "environment")]
    named += [(one, "valueFrom") for one in members(order.definition, "secrets")]
    own = {"HOME": "/root", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "xterm"}
    return BuiltInShell(own | {str(one["name"]): str(one.get(key, "")) for one, key in named}, task.task_id[:12])


class BuiltInShell:
    """A shell with a terminal, fed with what is typed.

    Args:
        environment: variables of the container.
        hostname: of the container.
    """

    def __init__(self, environment: Mapping[str, str], hostname: str) -> None:
        self._environment = {**environment, "HOSTNAME": hostname}
        self._hostname = hostname
        self._folder = "/"
        self._line = ""
        self._status = 0
        self.code: int | None = None
        """Its exit code, once it has ended."""
        self._commands: dict[str, Callable[[list[str]], str]] = {
            "cd": self._cd,
            "echo": lambda words: " ".join(words) + "\n",
            "env": self._printenv,
            "exit": self._exit,
            "false": lambda _words: self._fail(""),
            "help": lambda _words: " ".join(sorted(self._commands)) + "\n",
            "hostname": lambda _words: self._hostname + "\n",
            "ls": lambda _words: _FOLDERS + "\n",
            "printenv": self._printenv,
            "pwd": lambda _words: self._folder + "\n",
            "true": lambda _words: "",
        }

    def knows(self, program: str) -> bool:
        """Whether a program is in the container."""
        return program in SHELLS or program.rpartition("/")[2] in self._commands

    def begin(self, command: tuple[str, ...]) -> bytes:
        """Start a program; a shell prompts, everything else ends at once."""
        if command[0] not in SHELLS:
            output = self._run_words(list(command))
            self.code = self._status if self.code is None else self.code
            return _to_terminal(output)
        if command[1:2] == ("-c",) and len(command) > 2:  # noqa: PLR2004 - the script's place
            output = self.run(command[2])
            self.code = self._status if self.code is None else self.code
            return _to_terminal(output)
        return _PROMPT.encode()

    def feed(self, data: bytes) -> bytes:
        """Take what was typed; gives what the terminal shows for it, echo included."""
        shown = ""
        for key in data.decode(errors="replace"):
            if self.code is not None:
                break
            shown += self._key(key)
        return _to_terminal(shown)

    def run(self, line: str) -> str:
        """Run one line; gives what it writes."""
        output = ""
        for part in re.split(r";|&&", line):
            try:
                words = shlex.split(part, comments=True)
            except ValueError as error:
                return output + self._fail(f"sh: syntax error: {error}\n", 2)
            if words and self.code is None:
                output += self._run_words([_VARIABLE.sub(self._value, word) for word in words])
        return output

    def _run_words(self, words: list[str]) -> str:
        command = self._commands.get(words[0].rpartition("/")[2])
        if command is None:
            return self._fail(f"sh: {words[0]}: command not found\n", _NOT_FOUND)
        before, self._status = self._status, 0
        if words[0] == "exit":
            self._status = before
        return command(words[1:])

    def _key(self, key: str) -> str:
        if key in "\r\n":
            line, self._line = self._line, ""
            output = self.run(line)
            return "\n" + output + ("" if self.code is not None else _PROMPT)
        if key in _BACKSPACES:
            shown, self._line = ("\b \b" if self._line else ""), self._line[:-1]
            return shown
        if key == _INTERRUPT:
            self._line, self._status = "", _INTERRUPTED
            return "^C\n" + _PROMPT
        if key == _END and not self._line:
            self.code = self._status
            return "\n"
        if not key.isprintable() or len(self._line) >= _LONGEST_LINE:
            return ""
        self._line += key
        return key

    def _value(self, found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return str(self._status) if name == "?" else self._environment.get(name, "")

    def _fail(self, text: str, status: int = 1) -> str:
        self._status = status
        return text

    def _cd(self, words: list[str]) -> str:
        target = words[0] if words else "/root"
        if target.strip("/") not in {"", "root", *_FOLDERS.split()}:
            return self._fail(f"sh: cd: can't cd to {target}: No such file or directory\n", 2)
        self._folder = "/" + target.strip("/")
        return ""

    def _exit(self, words: list[str]) -> str:
        self.code = int(words[0]) % 256 if words and words[0].isdecimal() else self._status
        return ""

    def _printenv(self, words: list[str]) -> str:
        if not words:
            return "".join(f"{name}={value}\n" for name, value in self._environment.items())
        if any(name not in self._environment for name in words):
            self._status = 1
        return "".join(f"{self._environment[name]}\n" for name in words if name in self._environment)


class SimulatedProcess:
    """A program in a simulated container.

    Args:
        shell: the container's shell.
        command: program and arguments.

    Raises:
        EnterError: the program is not in the container.
    """

    def __init__(self, shell: BuiltInShell, command: tuple[str, ...]) -> None:
        if not shell.knows(command[0]):
            raise EnterError(f"Failed to start pty: fork/exec {command[0]}: no such file or directory")
        self._shell = shell
        self._left = False
        self._output: asyncio.Queue[bytes] = asyncio.Queue()
        self._say(shell.begin(command))

    async def read(self) -> bytes:
        """Give what it wrote; empty when it has ended."""
        return await self._output.get()

    async def write(self, data: bytes) -> None:
        """Type something."""
        if self._shell.code is None:
            self._say(self._shell.feed(data))

    async def resize(self, columns: int, rows: int) -> None:
        """Set the size of its terminal, of which the shell makes nothing."""

    async def exit_code(self) -> int:
        """Give its exit code; 137 when its container ended before it."""
        return 137 if self._shell.code is None else self._shell.code

    @property
    def over(self) -> bool:
        """Whether it has ended, or was left."""
        return self._left or self._shell.code is not None

    async def close(self) -> None:
        """Leave it."""
        self.end()

    def end(self) -> None:
        """Its container has ended."""
        self._left = True
        self._output.put_nowait(b"")

    def _say(self, data: bytes) -> None:
        if data:
            self._output.put_nowait(data)
        if self._shell.code is not None:
            self._output.put_nowait(b"")


def _to_terminal(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()
