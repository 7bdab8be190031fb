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
