"""`tstack exec` and `tstack port-forward` as a person uses them: on a terminal, into real containers of a stage."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import urllib.request
from dataclasses import replace

import pytest

from tests.fakes.command_line import TSTACK, a_user
from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_stage import eventually
from tests.fakes.podman import IMAGE
from tests.fakes.session_plugin import plugin_or_skip

FILE = f"""
name: shop
services:
  web:
    image: {IMAGE}
    command: [/bin/sh, -c, "echo in > /tmp/index.html; exec /bin/busybox httpd -f -p 8080 -h /tmp"]
    port: 8080
    tasks: 2
    health_check: {{path: /, interval: 6}}
    variables: {{GREETING: hello}}
"""


@pytest.fixture(scope="module")
def user(container_engine, tmp_path_factory):
    made = a_user(
        tmp_path_factory.mktemp("user"),
        TINYSTACKS_ENGINE=str(engine_or_skip().path),
        DOCKER_HOST=container_engine.url,
        # Without the plugin on it: what goes through the plugin is held by tests/local.
        PATH="/usr/sbin:/usr/bin:/sbin:/bin",
    )
    made.write(FILE)
    up = made.run("up", "--local", "--yes", "--runtime", "docker", "--speed", "10")
    assert up.code == 0, up.err
    yield made
    made.run("local", "stop")


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, user, *arguments, columns=132, rows=50, **variables):
        self.said = b""
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            [TSTACK, *arguments],
            cwd=user.folder,
            env=user.environment(TERM="xterm", CI="", **variables),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, words, seconds=60):
        start, deadline = len(self.said), time.monotonic() + seconds
        while words not in self.said[start:]:
            assert time.monotonic() < deadline, self.said
            if select.select([self.master], [], [], 0.5)[0]:
                try:
                    self.said += os.read(self.master, 4096)
                except OSError:
                    raise AssertionError(f"ended before {words!r}: {self.said!r}") from None

    def type(self, keys):
        os.write(self.master, keys)

    def end(self):
        """Wait for the end; the exit code."""
        try:
            while True:
                self.said += os.read(self.master, 4096)
        except OSError:
            pass
        os.close(self.master)
        return self.process.wait(30)


def test_a_shell_on_a_terminal_from_the_list_of_tasks_to_its_exit_code(user):
    terminal = Terminal(user, "exec", "--local")
    terminal.read_until(b"Which task? [1-2")
    terminal.type(b"2\r")
    terminal.read_until(b"# ")
    terminal.type(b"/bin/busybox printf '%s\\n' \"$GREETING\"; /bin/busybox stty size\r")
    terminal.read_until(b"hello\r\n50 132\r\n")
    terminal.resize(100, 40)
    os.killpg(terminal.process.pid, signal.SIGWINCH)
    eventually(lambda: _size(terminal) == (40, 100), what="the new size", seconds=20)
    terminal.type(b"/bin/busybox sleep 60\r")
    terminal.read_until(b"sleep 60")
    time.sleep(0.5)
    terminal.type(b"\x03")
    terminal.read_until(b"# ")
    terminal.type(b"exit 5\r")
    assert terminal.end() == 5


def test_the_real_plugin_has_the_terminal_where_it_is_installed(user):
    plugin = plugin_or_skip()
    path = f"{plugin.parent}:{TSTACK.parent}:/usr/sbin:/usr/bin:/sbin:/bin"
    terminal = Terminal(user, "exec", "--local", PATH=path)
    terminal.read_until(b"Which task? [1-2")
    terminal.type(b"\r")
    terminal.read_until(b"Starting session with SessionId: ecs-execute-command-")
    terminal.read_until(b"# ")
    terminal.type(b"echo $GREETING you\r")
    terminal.read_until(b"hello you")
    terminal.type(b"exit\r")
    assert terminal.end() == 0
    assert b"Exiting session with sessionId" in terminal.said


def _size(terminal):
    start = len(terminal.said)
    terminal.type(b"/bin/busybox stty size; echo done\r")
    terminal.read_until(b"\r\ndone\r\n")
    rows, columns = re.findall(rb"\r\n(\d+) (\d+)\r\n", terminal.said[start:])[-1]
    return int(rows), int(columns)


def test_a_command_without_a_terminal_gives_clean_output_and_its_exit_code(user):
    ran = user.run("exec", "--local", "--command", "/bin/sh -c 'echo $GREETING; exit 3'")
    assert (ran.code, ran.out) == (3, "hello\n")
    assert "the first of 2" in ran.err


def test_i5_a_container_without_the_program_is_a_clear_error(user):
    ran = user.run("exec", "--local", "--command", "/bin/zsh")
    assert ran.code == 1
    assert ran.out == ""
    assert "fork/exec /bin/zsh: no such file or directory" in ran.err
    assert "--command" in ran.err


def test_the_checks_pass_and_the_line_to_copy_stands_alone(user):
    checked = user.run("exec", "--local", "--check", "--json")
    assert checked.code == 0, checked.out
    assert checked.document["ready"] is True
    printed = user.run("exec", "--local", "--print", AWS_DEFAULT_REGION="eu-west-1")
    assert printed.out.count("\n") == 1
    assert printed.out.startswith("aws ecs execute-command --cluster shop-dev --task ")
    assert " --container web --command /bin/sh --interactive --region us-east-1 " in printed.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--task", "0000"), 2, "no task 0000"),
        (("--service", "api"), 2, "no service api"),
        (("--container", "proxy"), 2, "no container proxy"),
        (("nowhere",), 2, "nowhere"),
        (("--json",), 2, "--json goes with"),
    ],
)
def test_what_is_not_there_is_named(user, arguments, code, words):
    ran = user.run("exec", "--local", *arguments)
    assert ran.code == code
    assert words in ran.err


def test_a_stage_that_does_not_exist_yet_has_nothing_to_enter(user, tmp_path):
    elsewhere = replace(user, folder=tmp_path)
    elsewhere.write(FILE.replace("name: shop", "name: other"))
    ran = elsewhere.run("exec", "--local")
    assert ran.code == 1
    assert "`dev` of `other` is not deployed" in ran.err
    assert "tstack up" in ran.err


def test_a_port_of_a_task_answers_here_until_ctrl_c(user):
    process = user.start("port-forward", "--local", "--port", "8080")
    assert process.stderr is not None
    said = ""
    while "leads into the task" not in said:
        line = process.stderr.readline()
        assert line, said
        said = line
    address = said.split(" ", 1)[0]
    for _ in range(3):
        with urllib.request.urlopen(f"http://{address}/", timeout=20) as answer:
            assert answer.read() == b"in\n"
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in rest
