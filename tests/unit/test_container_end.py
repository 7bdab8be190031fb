"""Why a container ended is told by the container engine, else by the kernel: Podman before version 5 never tells."""

from __future__ import annotations

import pytest

from tinystacks.local.runtime.container_end import OUT_OF_MEMORY, end_reason, ended_for_memory

OURS = "46abc6c58c0118c264fa58ff7394231a755837f68e891e4149bfee801f950ee9"
OTHER = "27098f3d1b85a387b0e9c942e49a5db2aa9ee81a7502aab261bb3e1fa19d7234"
RECORDS = (
    "6,9109,26985583311,-;podman0: port 3(veth2) entered disabled state\n"
    f"6,9110,26985585098,-;oom-kill:constraint=CONSTRAINT_MEMCG,cpuset=libpod-{OURS},"
    f"oom_memcg=/libpod_parent/libpod-{OURS},task=sh,pid=32385,uid=0\n"
    f"6,9111,26985585099,-;docker0: {OTHER} entered disabled state\n"
)


@pytest.fixture
def log(tmp_path):
    file = tmp_path / "kmsg"
    file.write_text(RECORDS)
    return file


@pytest.mark.parametrize(
    ("state", "container", "reason"),
    [
        ({"OOMKilled": True, "ExitCode": 137}, OTHER, OUT_OF_MEMORY),
        ({"OOMKilled": False, "ExitCode": 137}, OURS, OUT_OF_MEMORY),
        ({"OOMKilled": False, "ExitCode": 137, "Error": ""}, OTHER, ""),
        ({"OOMKilled": False, "ExitCode": 1}, OURS, ""),
        ({"ExitCode": 137, "Error": "no such program"}, OTHER, "no such program"),
    ],
)
def test_t22_an_end_is_told_in_the_agents_words(log, state, container, reason):
    assert end_reason(state, container, log) == reason


def test_a_log_that_may_not_be_read_tells_nothing(tmp_path):
    assert not ended_for_memory(OURS, tmp_path / "none")
    assert not ended_for_memory(OURS, tmp_path)
