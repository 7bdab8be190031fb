from __future__ import annotations

import shlex

import pytest

from tinystacks.operations.exec_command import exec_command


def test_the_line_is_what_the_aws_cli_reference_asks_for() -> None:
    line = exec_command(cluster="shop-dev", task="0f9de17a6465404e8b1b2356dc13c2f8", container="web")
    assert line == (
        "aws ecs execute-command --cluster shop-dev --task 0f9de17a6465404e8b1b2356dc13c2f8"
        " --container web --command /bin/sh --interactive"
    )


def test_region_profile_and_endpoint_stand_only_where_they_are_needed() -> None:
    line = exec_command(
        cluster="c", task="t", container="web", region="eu-west-1", profile="prod", endpoint_url="http://127.0.0.1:4566"
    )
    assert line.endswith("--interactive --region eu-west-1 --profile prod --endpoint-url http://127.0.0.1:4566")


@pytest.mark.parametrize("command", ["bash -lc 'printenv | sort'", 'echo "a b"', "sh"])
def test_bash_reads_the_command_back_as_one_word(command: str) -> None:
    words = shlex.split(exec_command(cluster="c", task="t", container="web", command=command))
    assert words[words.index("--command") + 1] == command


def test_powershell_doubles_single_quotes() -> None:
    line = exec_command(cluster="c", task="t", container="web", command="sh -c 'ls'", shell="powershell")
    assert "--command 'sh -c ''ls'''" in line


def powershell(command: str) -> str:
    line = exec_command(cluster="c", task="t", container="web", command=command, shell="powershell")
    before, _, rest = line.partition(" --command ")
    assert before == "aws ecs execute-command --cluster c --task t --container web"
    return rest.removesuffix(" --interactive")


def test_powershell_of_any_version_keeps_both_kinds_of_quotes() -> None:
    """PowerShell reference, about_Parsing: 7.3 and later pass double quotes on; before, they need a backslash each."""
    assert powershell("""sh -c "echo 'a  b' | tr a 'b c'" """.strip()) == (
        """$(if ("$PSNativeCommandArgumentPassing" -in 'Standard','Windows') """
        """{'sh -c "echo ''a  b'' | tr a ''b c''"'} else {'sh -c \\"echo ''a  b'' | tr a ''b c''\\"'})"""
    )


def test_a_backslash_before_a_double_quote_is_doubled_where_backslashes_escape() -> None:
    """Microsoft C runtime, "Parsing C command-line arguments": `\\\\\\"` is a backslash and a double quote."""
    given = r'sh -c "echo \"x\" C:\y"'
    assert powershell(given) == (
        """$(if ("$PSNativeCommandArgumentPassing" -in 'Standard','Windows') """
        r"""{'sh -c "echo \"x\" C:\y"'} else {'sh -c \"echo \\\"x\\\" C:\y\"'})"""
    )


@pytest.mark.parametrize(
    ("command", "quoted"),
    [
        ("/bin/sh", "/bin/sh"),
        ("ls -l /srv", "'ls -l /srv'"),
        ("echo it\u2019s \u2018so", "'echo it\u2019\u2019s \u2018\u2018so'"),
        ("echo $HOME `date`; ls", "'echo $HOME `date`; ls'"),
    ],
)
def test_powershell_takes_what_stands_in_single_quotes_as_it_is(command: str, quoted: str) -> None:
    """PowerShell reference, about_Quoting_Rules, on single-quoted strings and typographic quotes."""
    assert powershell(command) == quoted
