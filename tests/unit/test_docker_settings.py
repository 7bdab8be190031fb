"""What Docker's API is told of a container definition; no engine is asked."""

from __future__ import annotations

import resource
from pathlib import Path

import docker
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinystacks.container_engines import engine_sockets
from tinystacks.errors import LocalAwsError
from tinystacks.local.runtime.base import ContainerOrder, TaskOrder
from tinystacks.local.runtime.choice import choose_engine
from tinystacks.local.runtime.docker_engine import Engine, find_engine
from tinystacks.local.runtime.docker_health import HealthVerdict, check_command
from tinystacks.local.runtime.docker_network import pause_program
from tinystacks.local.runtime.docker_output import LONGEST_LINE, Lines
from tinystacks.local.runtime.docker_pulls import split_reference
from tinystacks.local.runtime.docker_settings import Surroundings, create_arguments, resources, ulimits
from tinystacks.local.runtime.docker_usage import Sample, sample_of, usage_between

DOCKER = Engine(url="unix:///none", name="Engine", version="29", api_version="1.45", architecture="amd64", cpus=4)
PODMAN = Engine(url="unix:///none", name="Podman Engine", version="5", api_version="1.41", architecture="arm64", cpus=4)


def task(network_mode="bridge", instance_id="i-1", **document):
    return TaskOrder(
        task_id="a" * 32,
        task_arn="",
        cluster="shop",
        region="eu-west-1",
        service="web",
        family="web",
        revision=1,
        zone="eu-west-1a",
        instance_id=instance_id,
        address="",
        network_mode=network_mode,
        document=document,
    )


def arguments(definition, *, of=None, around=None):
    client = docker.APIClient(base_url="unix:///none", version="1.45")
    try:
        order = ContainerOrder(name="web", definition={"name": "web", "image": "web:1", **definition})
        return create_arguments(
            client, DOCKER, of or task(), order, around or Surroundings(image="web:1", labels={"x": "y"})
        )
    finally:
        client.close()


def test_p7_ports_are_published_on_this_machine_only():
    mappings = [{"containerPort": 80, "hostPort": 0}, {"containerPort": 53, "hostPort": 5353, "protocol": "udp"}]
    told = arguments({"portMappings": mappings})
    assert told["ports"] == [(80, "tcp"), (53, "udp")]
    assert told["host_config"]["PortBindings"] == {
        "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}],
        "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "5353"}],
    }
    free = arguments({"portMappings": mappings}, around=Surroundings(image="web:1", labels={}, fixed_ports=False))
    assert free["host_config"]["PortBindings"]["53/udp"] == [{"HostIp": "127.0.0.1", "HostPort": ""}]


def test_a_container_that_joins_a_network_has_no_ports_of_its_own():
    told = arguments(
        {"portMappings": [{"containerPort": 80}]}, around=Surroundings(image="web:1", labels={}, joined="holder")
    )
    assert told["host_config"]["NetworkMode"] == "container:holder"
    assert "ports" not in told


def test_settings_of_linux_reach_the_engine():
    linux = {
        "initProcessEnabled": True,
        "sharedMemorySize": 64,
        "capabilities": {"add": ["SYS_PTRACE"], "drop": ["MKNOD"]},
        "tmpfs": [{"containerPath": "/scratch", "size": 8, "mountOptions": ["mode=1777"]}],
    }
    host = arguments({"linuxParameters": linux, "readonlyRootFilesystem": True})["host_config"]
    assert (host["Init"], host["ReadonlyRootfs"], host["ShmSize"]) == (True, True, 64 * 2**20)
    assert (host["CapAdd"], host["CapDrop"]) == (["SYS_PTRACE"], ["MKNOD"])
    assert host["Tmpfs"] == {"/scratch": "size=8m,mode=1777"}
    assert (
        arguments({"linuxParameters": linux}, around=Surroundings(image="web:1", labels={}, init=False))["host_config"][
            "Init"
        ]
        is False
    )


def test_t11_the_images_own_check_does_not_count_and_labels_cannot_be_overridden():
    told = arguments({"dockerLabels": {"x": "theirs", "team": "shop"}})
    assert told["healthcheck"]["Test"] == ["NONE"]
    assert told["labels"] == {"x": "y", "team": "shop"}


def test_fargate_tells_its_region_and_secrets_go_before_variables():
    given_ = {"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    told = arguments(
        given_, of=task(instance_id=""), around=Surroundings(image="web:1", labels={}, secrets={"B": "secret"})
    )
    assert told["environment"] == {
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "A": "1",
        "B": "secret",
    }


def test_p5_cpu_shares_and_limits():
    assert resources(DOCKER, task(), {}) == {"cpu_shares": 2}
    told = resources(DOCKER, task(cpu="512", memory="1024"), {"cpu": 256, "memoryReservation": 128})
    assert (told["cpu_shares"], told["nano_cpus"]) == (256, 500_000_000)
    assert (told["mem_limit"], told["memswap_limit"]) == (2**30, 2**30)
    assert told["mem_reservation"] == 128 * 2**20
    assert resources(DOCKER, task(cpu="16384"), {})["nano_cpus"] == 4 * 10**9


def test_ulimits_are_named_and_never_above_the_callers():
    own = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    asked = {"ulimits": [{"name": "nofile", "softLimit": own * 2, "hardLimit": own * 2}]}
    assert ulimits(DOCKER, task(), asked) == [("nofile", own, own)]
    assert {name for name, _, _ in ulimits(PODMAN, task(), {})} == {"nofile", "nproc"}
    core = {"ulimits": [{"name": "core", "softLimit": 0, "hardLimit": 0}]}
    assert ("core", 0, 0) in ulimits(DOCKER, task(), core)


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("nginx", ("nginx", "latest")),
        ("public.ecr.aws/nginx/nginx:1.27", ("public.ecr.aws/nginx/nginx", "1.27")),
        ("localhost:5000/web", ("localhost:5000/web", "latest")),
        ("localhost:5000/web:2", ("localhost:5000/web", "2")),
        ("shop/web@sha256:1f", ("shop/web", "sha256:1f")),
        ("localhost:5000/web:2@sha256:1f", ("localhost:5000/web", "sha256:1f")),
    ],
)
def test_references_of_images(reference, parts):
    assert split_reference(reference) == parts


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_lines_do_not_depend_on_how_they_are_cut(pieces):
    lines = Lines()
    told = [line for piece in pieces for line in lines.feed(piece)] + lines.end()
    whole = Lines()
    assert told == whole.feed(b"".join(pieces)) + whole.end()


def test_a_line_without_an_end_is_cut_at_the_largest_event():
    lines = Lines()
    assert [len(one) for one in lines.feed(b"x" * (LONGEST_LINE + 5))] == [LONGEST_LINE]
    assert lines.end() == ["x" * 5]


def test_t11_failures_in_a_row_and_the_start_period():
    verdict = HealthVerdict(retries=2, start_period_seconds=10)
    assert verdict.observe(passed=False, age_seconds=1) is None
    assert verdict.observe(passed=False, age_seconds=2) is None
    assert verdict.observe(passed=True, age_seconds=3) == "HEALTHY"
    # A success ends the start period.
    assert verdict.observe(passed=False, age_seconds=4) is None
    assert verdict.observe(passed=False, age_seconds=5) == "UNHEALTHY"
    assert verdict.observe(passed=True, age_seconds=6) == "HEALTHY"


def test_t11_commands_of_checks():
    assert check_command({"command": ["CMD", "curl", "-f", "x"]}) == ["curl", "-f", "x"]
    assert check_command({"command": ["CMD-SHELL", "curl x || exit 1"]}) == ["/bin/sh", "-c", "curl x || exit 1"]
    assert check_command({"command": ["NONE"]}) == []
    assert check_command({}) == []


def test_use_is_counted_between_two_looks_without_the_page_cache():
    stats = {
        "cpu_stats": {"cpu_usage": {"total_usage": 3_000_000_000}},
        "memory_stats": {"usage": 30 * 2**20, "stats": {"inactive_file": 10 * 2**20}},
    }
    after = sample_of(stats, at=14.0)
    usage = usage_between(Sample(at=10.0, cpu_nanoseconds=1_000_000_000, memory_bytes=0), after)
    assert (usage.cpu_units, usage.memory_mib) == (512, 20)


def test_the_holder_of_a_network_is_a_program_of_its_machine():
    for architecture, machine in (("amd64", 62), ("arm64", 183)):
        program = pause_program(architecture)
        assert program[:4] == b"\x7fELF"
        assert int.from_bytes(program[18:20], "little") == machine
        assert len(program) < 200


def test_docker_host_is_asked_first():
    found = engine_sockets({"DOCKER_HOST": "unix:///mine.sock", "XDG_RUNTIME_DIR": "/run/me", "HOME": "/home/me"})
    assert found[0] == Path("/mine.sock")
    assert Path("/run/me/podman/podman.sock") in found
    assert Path("/home/me/.docker/run/docker.sock") in found
    assert engine_sockets({"DOCKER_HOST": "ssh://far"})[0] == Path("/var/run/docker.sock")


def test_where_nothing_answers_there_is_no_engine(tmp_path):
    assert find_engine([tmp_path / "none"]) is None


def test_what_is_asked_for_is_used_or_refused():
    assert choose_engine("simulated") is None
    with pytest.raises(LocalAwsError, match="podman"):
        choose_engine("podman")
