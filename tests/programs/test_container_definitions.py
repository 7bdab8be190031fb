from __future__ import annotations

import json
from typing import Any

import pytest

from programs.container_definitions import ContainerFacts, container_definitions
from tests.programs.samples import IMAGE, SAMPLES, WEB, sample_stage
from tinystacks.spec.service import ServiceSpec


def facts(**changes: Any) -> ContainerFacts:
    given: dict[str, Any] = {
        "service": "web",
        "image": IMAGE,
        "sidecar_images": {},
        "network_mode": "bridge",
        "fargate": False,
        "log_group": "/tinystacks/shop/dev/web",
        "region": "eu-west-1",
        **changes,
    }
    return ContainerFacts(**given)


def containers(spec: dict[str, Any], **changes: Any) -> dict[str, dict[str, Any]]:
    service = ServiceSpec.model_validate({**WEB, "memory": 256, **spec})
    return {each["name"]: each for each in json.loads(container_definitions(service, facts(**changes)))}


def pretty(text: str) -> str:
    return json.dumps(json.loads(text), indent=2)


def test_one_container(snapshot):
    service = ServiceSpec.model_validate({**WEB, "memory": 256})

    assert pretty(container_definitions(service, facts())) == snapshot


def test_everything_a_container_can_have(snapshot):
    service = sample_stage(SAMPLES["everything about one service"]).services["web"]

    assert pretty(container_definitions(service, facts())) == snapshot


def test_b11_the_same_service_gives_the_same_text_in_any_order():
    first = ServiceSpec.model_validate(
        {**WEB, "variables": {"A": "1", "B": "2"}, "secrets": {"X": "arn:x", "Y": "arn:y"}}
    )
    second = ServiceSpec.model_validate(
        {**WEB, "variables": {"B": "2", "A": "1"}, "secrets": {"Y": "arn:y", "X": "arn:x"}}
    )

    assert container_definitions(first, facts()) == container_definitions(second, facts())


def test_b11_sidecars_stand_in_one_order():
    names = [("proxy", {"image": IMAGE}), ("agent", {"image": IMAGE})]
    first = ServiceSpec.model_validate({**WEB, "sidecars": dict(names)})
    second = ServiceSpec.model_validate({**WEB, "sidecars": dict(reversed(names))})

    assert container_definitions(first, facts()) == container_definitions(second, facts())
    assert list(containers({"sidecars": dict(names)})) == ["agent", "proxy", "web"]


def test_b11_no_nulls_and_the_empty_lists_that_ecs_gives_back():
    web = containers({})["web"]

    assert None not in web.values()
    for key in ("environment", "mountPoints", "volumesFrom", "systemControls"):
        assert web[key] == []


@pytest.mark.parametrize(("mode", "host_port"), [("bridge", 0), ("awsvpc", 8080), ("host", 8080)])
def test_e4_host_ports_are_dynamic_in_bridge_mode(mode: str, host_port: int):
    web = containers({}, network_mode=mode)["web"]

    assert web["portMappings"] == [{"containerPort": 8080, "hostPort": host_port, "protocol": "tcp"}]


def test_a_service_without_a_port_maps_none():
    assert containers({"port": None})["web"]["portMappings"] == []


def test_i5_an_init_process_reaps_what_shells_leave():
    assert containers({})["web"]["linuxParameters"] == {"initProcessEnabled": True}


def test_b16_the_time_to_stop_is_the_services():
    assert containers({"stop_timeout": 45})["web"]["stopTimeout"] == 45


def test_j3_logs_never_block_unless_asked():
    options = containers({})["web"]["logConfiguration"]["options"]
    blocking = containers({"logs": {"mode": "blocking"}})["web"]["logConfiguration"]["options"]

    assert (options["mode"], options["max-buffer-size"]) == ("non-blocking", "25m")
    assert blocking["mode"] == "blocking"
    assert "max-buffer-size" not in blocking


def test_j4_the_log_driver_makes_no_group_of_its_own():
    options = containers({})["web"]["logConfiguration"]["options"]

    assert options["awslogs-group"] == "/tinystacks/shop/dev/web"
    assert "awslogs-create-group" not in options


def test_a8_secrets_are_references_and_never_values():
    web = containers({"secrets": {"DATABASE_URL": "arn:aws:ssm:eu-west-1:1:parameter/db"}})["web"]

    assert web["secrets"] == [{"name": "DATABASE_URL", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/db"}]
    assert web["environment"] == []


def test_sidecars_are_reached_by_link_only_on_the_bridge():
    spec = {"sidecars": {"proxy": {"image": IMAGE, "port": 9000}, "agent": {"image": IMAGE}}}

    assert containers(spec)["web"]["links"] == ["proxy"]
    assert "links" not in containers(spec, network_mode="awsvpc")["web"]


def test_the_main_container_waits_for_sidecars_that_start_before():
    spec = {"sidecars": {"proxy": {"image": IMAGE, "start_before": True}, "agent": {"image": IMAGE}}}

    assert containers(spec)["web"]["dependsOn"] == [{"containerName": "proxy", "condition": "START"}]


def test_only_the_main_container_is_essential_unless_said():
    spec = {"sidecars": {"proxy": {"image": IMAGE, "essential": True}, "agent": {"image": IMAGE}}}

    assert {name: each["essential"] for name, each in containers(spec).items()} == {
        "agent": False,
        "proxy": True,
        "web": True,
    }


def test_on_fargate_sidecars_take_their_part_of_the_task():
    spec = {"cpu": 512, "memory": 1024, "sidecars": {"proxy": {"image": IMAGE, "cpu": 128, "memory": 256}}}

    found = containers(spec, network_mode="awsvpc", fargate=True)

    assert (found["web"]["cpu"], found["web"]["memory"]) == (384, 768)
    assert (found["proxy"]["cpu"], found["proxy"]["memory"]) == (128, 256)


def test_on_ec2_cpu_and_memory_are_the_main_containers():
    spec = {"cpu": 512, "memory": 1024, "sidecars": {"proxy": {"image": IMAGE, "cpu": 128}}}

    found = containers(spec, network_mode="awsvpc")

    assert (found["web"]["cpu"], found["web"]["memory"]) == (512, 1024)


@pytest.mark.parametrize(
    ("given", "written"),
    [(["curl", "-f", "x"], ["CMD", "curl", "-f", "x"]), (["CMD-SHELL", "true"], ["CMD-SHELL", "true"])],
)
def test_the_containers_own_check_names_how_it_runs(given: list[str], written: list[str]):
    check = containers({"container_health_check": {"command": given}})["web"]["healthCheck"]

    assert check == {"command": written, "interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}


def test_b12_a_sidecars_digest_wins_over_the_file():
    spec = {"sidecars": {"proxy": {"image": "proxy:1"}}}

    assert containers(spec, sidecar_images={"proxy": "proxy@sha256:1"})["proxy"]["image"] == "proxy@sha256:1"


def test_text_other_than_ascii_stays_readable():
    service = ServiceSpec.model_validate({**WEB, "variables": {"GREETING": "grüße"}})

    assert "grüße" in container_definitions(service, facts())
