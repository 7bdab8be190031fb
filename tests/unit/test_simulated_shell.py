"""The small shell of tasks without containers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinystacks.local.runtime.base import ContainerOrder, TaskOrder
from tinystacks.local.runtime.simulated_shell import BuiltInShell, SimulatedProcess, container_shell
from tinystacks.local.sessions.process import EnterError


def a_shell():
    return BuiltInShell({"GREETING": "hello there", "PATH": "/bin"}, "abc123")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("printenv GREETING", "hello there\n"),
        ("printenv NOPE", ""),
        ("env", "GREETING=hello there\nPATH=/bin\nHOSTNAME=abc123\n"),
        ("hostname", "abc123\n"),
        ("echo '$GREETING' ${GREETING}  x", "hello there hello there x\n"),
        ("nosuch; echo $?", "sh: nosuch: command not found\n127\n"),
        ("cd /etc; pwd", "/etc\n"),
        ("cd /nope", "sh: cd: can't cd to /nope: No such file or directory\n"),
        ("ls", "bin  dev  etc  home  lib  proc  root  sbin  sys  tmp  usr  var\n"),
        ("echo 'open", "sh: syntax error: No closing quotation\n"),
        ("", ""),
    ],
)
def test_a_line_gives_what_a_shell_gives(line, shown):
    assert a_shell().run(line) == shown


@pytest.mark.parametrize(
    ("command", "code"),
    [(("printenv", "GREETING"), 0), (("printenv", "NOPE"), 1), (("/bin/false",), 1), (("sh", "-c", "exit 300"), 44)],
)
def test_a_program_ends_with_its_exit_code(command, code):
    shell = a_shell()
    shell.begin(command)
    assert shell.code == code


def test_keys_are_echoed_edited_and_interrupted():
    shell = a_shell()
    assert shell.begin(("/bin/sh",)) == b"# "
    assert shell.feed(b"echp\x7fo 1\r") == b"echp\b \bo 1\r\n1\r\n# "
    assert shell.feed(b"half\x03") == b"half^C\r\n# "
    assert shell.feed(b"a\x04") == b"a"
    assert shell.feed(b"\x7f\x04") == b"\b \b\r\n"
    assert shell.code == 130


@given(st.binary(max_size=200))
def test_any_keys_leave_a_shell_that_goes_on_or_has_ended(keys):
    shell = a_shell()
    shell.begin(("sh",))
    shell.feed(keys)
    if shell.code is None:
        shell.feed(b"\x03")
        assert b"abc123" in shell.feed(b"hostname\r")


def test_i5_a_program_that_is_not_there_is_told_as_the_agent_tells_it():
    with pytest.raises(EnterError, match="Failed to start pty: fork/exec nosuch: no such file or directory"):
        SimulatedProcess(a_shell(), ("nosuch",))


def test_a_container_has_the_variables_of_its_definition_and_no_secret():
    definition = {
        "name": "web",
        "environment": [{"name": "GREETING", "value": "hi"}],
        "secrets": [{"name": "KEY", "valueFrom": "/shop/key"}],
    }
    task = TaskOrder(
        task_id="ab" * 16,
        task_arn="",
        cluster="",
        region="",
        service="",
        family="",
        revision=1,
        zone="",
        instance_id="",
        address="",
        network_mode="bridge",
    )
    shell = container_shell(task, ContainerOrder(name="web", definition=definition))
    assert shell.run("printenv GREETING KEY HOSTNAME") == "hi\n/shop/key\nabababababab\n"
