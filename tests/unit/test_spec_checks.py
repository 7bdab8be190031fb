"""Rules over several fields: each refuses or warns of what AWS would refuse late, or what could never work."""

from pathlib import Path

import pytest

from tinystacks.errors import SpecError
from tinystacks.spec.checks.secrets import looks_like_secret
from tinystacks.spec.checks.updates import bounds, can_move
from tinystacks.spec.fargate_sizes import FARGATE_SIZES, closest_size
from tinystacks.spec.loader import load_stack_text
from tinystacks.spec.messages import PATTERNS
from tinystacks.spec.schema import file_schema
from tinystacks.spec.service import RollingUpdateSpec
from tinystacks.spec.stages import merged_stage

ARN = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/db"


def codes(text, severity="error"):
    _, problems = merged_stage(load_stack_text(text))
    assert all(problem.line for problem in problems)
    return sorted({problem.code for problem in problems if problem.severity == severity})


def message(text, code):
    _, problems = merged_stage(load_stack_text(text))
    (found,) = [str(problem) for problem in problems if problem.code == code]
    return found


def web(service="", rest="", port=80):
    service = f", {service}" if service else ""
    return f"name: shop\nservices:\n  web: {{image: nginx, port: {port}{service}}}\n{rest}\n"


def fargate(service):
    return web(service, "compute: {kind: fargate}")


def test_the_defaults_have_no_errors_and_no_warnings():
    assert codes(web()) == []
    assert codes(web(), "warning") == []


# --- Fargate ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cpu", FARGATE_SIZES)
def test_k2_p13_every_listed_fargate_size_is_accepted(cpu):
    for memory in FARGATE_SIZES[cpu]:
        assert codes(fargate(f"cpu: {cpu}, memory: {memory}")) == []


@pytest.mark.parametrize(
    ("cpu", "memory", "hint"),
    [
        (256, 256, "with `cpu: 256` Fargate offers 512, 1024 or 2048 MiB; 256 was given; the next size is `cpu: 256`"),
        (256, 3000, "the next size is `cpu: 512` with `memory: 3072`"),
        (512, 8192, "with `cpu: 512` Fargate offers 1024 to 4096 MiB in steps of 1024"),
        (300, 512, "Fargate offers 256, 512, 1024, 2048, 4096, 8192, 16384 CPU units; 300 was given"),
        (8192, 17408, "in steps of 4096; 17408 was given; the next size is `cpu: 8192` with `memory: 20480`"),
    ],
)
def test_k2_p13_other_fargate_sizes_name_the_next_one(cpu, memory, hint):
    assert hint in message(fargate(f"cpu: {cpu}, memory: {memory}"), "fargate-size")


def test_no_fargate_size_is_large_enough():
    assert closest_size(16384, 130_000) is None


def test_b16_stop_timeout_on_fargate_is_at_most_120_seconds():
    assert codes(fargate("stop_timeout: 120")) == []
    assert codes(fargate("stop_timeout: 121")) == ["fargate-stop-timeout"]
    assert codes(fargate("sidecars: {a: {image: a, stop_timeout: 300}}")) == ["fargate-stop-timeout"]
    assert codes(web("stop_timeout: 300")) == []


def test_b16_stop_timeout_does_not_help_requests_that_the_balancer_has_cut():
    """Source: Amazon ECS developer guide, load-balancer-connection-draining (the stop signal comes after the delay)."""
    text = web("stop_timeout: 300, deregistration_delay: 10")
    assert codes(text) == []
    assert codes(text, "warning") == ["stop-timeout-after-delay"]
    found = message(text, "stop-timeout-after-delay")
    assert "services.web.stop_timeout" in found
    assert "closes connections after 10 s (`deregistration_delay`)" in found
    assert codes(web("stop_timeout: 300, deregistration_delay: 299"), "warning") == ["stop-timeout-after-delay"]
    assert codes(web("stop_timeout: 300, deregistration_delay: 300"), "warning") == []
    assert codes(web("deregistration_delay: 10"), "warning") == [], "the default needs no thought"
    worker = "name: shop\nservices:\n  w: {image: w, stop_timeout: 300}\n"
    assert codes(worker, "warning") == [], "no balancer sends it requests"


@pytest.mark.parametrize("kind", ["ec2", "fargate"])
def test_b16_delay_and_stop_timeout_fit_the_two_minutes_of_spot(kind):
    """Sources: EC2 user guide, spot-instance-termination-notices; ECS developer guide, fargate-capacity-providers."""
    spot = f"compute: {{kind: {kind}, spot: {{on_demand_base: 0}}}}"
    assert codes(web("stop_timeout: 60, deregistration_delay: 60", spot), "warning") == []
    found = message(web("stop_timeout: 60, deregistration_delay: 61", spot), "spot-stop-too-long")
    assert "up to 121 s" in found
    assert codes(web("deregistration_delay: 60, sidecars: {a: {image: a, stop_timeout: 61}}", spot), "warning") == [
        "spot-stop-too-long"
    ]
    calm = spot.replace("on_demand_base: 0", "on_demand_percentage: 100")
    assert codes(web("stop_timeout: 60, deregistration_delay: 300", calm), "warning") == [], "all are On-Demand"
    worker = f"name: shop\nservices:\n  w: {{image: w, stop_timeout: 120}}\n{spot}\n"
    assert codes(worker, "warning") == []


def test_fargate_sidecars_leave_something_for_the_service():
    assert codes(fargate("memory: 512, sidecars: {a: {image: a, memory: 512}}")) == ["fargate-sidecars-memory"]
    assert codes(fargate("sidecars: {a: {image: a, cpu: 256}}")) == ["fargate-sidecars-cpu"]


def test_p12_settings_of_the_other_compute_kind():
    assert codes(fargate("network_mode: bridge")) == ["fargate-network-mode"]
    assert codes(web("ephemeral_storage_gib: 30")) == ["only-on-fargate"]
    text = web("placement: binpack", "compute: {kind: fargate, instances: {max: 3}}")
    assert codes(text, "warning") == ["only-on-ec2"]


# --- room on instances ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("memory", "fits"), [(800, True), (878, True), (879, False), (1024, False)])
def test_e2_p5_a_1024_mib_task_never_fits_a_1_gib_instance(memory, fits):
    assert codes(web(f"memory: {memory}, tasks: 1")) == ([] if fits else ["memory-does-not-fit"])


def test_e2_sidecars_count():
    text = web("memory: 800, tasks: 1, sidecars: {a: {image: a, memory: 100}}")
    assert "a task with its sidecars needs 900 MiB, but a t3.micro offers about 878" in message(
        text, "memory-does-not-fit"
    )


def test_c15_the_smallest_type_decides():
    assert codes(web("memory: 1500, tasks: 1", "compute: {instance_types: [t3.medium, t3.small]}")) == []
    assert codes(web("memory: 1500, tasks: 1", "compute: {instance_types: [t3.medium, t3.micro]}")) == [
        "memory-does-not-fit"
    ]


def test_cpu_of_one_task():
    assert codes(web("cpu: 2048, tasks: 1")) == []
    assert codes(web("cpu: 2049, tasks: 1")) == ["cpu-does-not-fit"]


def test_tasks_that_must_run_have_to_fit():
    assert codes(web("memory: 800, tasks: 6")) == ["update-does-not-fit"]
    assert codes(web("memory: 800, tasks: 7")) == ["tasks-do-not-fit"]


def test_b7_an_update_needs_room_for_one_more_task():
    assert codes(web("memory: 800, tasks: 5")) == []
    found = message(web("memory: 800, tasks: 6"), "update-does-not-fit")
    assert "compute.instances.max" in found
    assert "min_healthy_percent: 50" in found


def test_b7_an_update_that_stops_first_needs_no_room():
    assert codes(web("memory: 800, tasks: 6, rolling_update: {min_healthy_percent: 50, max_percent: 100}")) == []
    assert codes(web("memory: 800, tasks: 6, rolling_update: {min_healthy_percent: 50}")) == []


def test_what_only_scaling_would_add_is_a_warning():
    text = web("memory: 256, tasks: {min: 2, max: 20}")
    assert codes(text) == []
    assert codes(text, "warning") == ["tasks-do-not-fit"]
    assert "20 tasks do not fit 6 t3.micro (`compute.instances.max`): 3 per instance, room for 18" in message(
        text, "tasks-do-not-fit"
    )
    assert codes(web("memory: 256, tasks: {min: 2, max: 18}"), "warning") == ["update-does-not-fit"]


def test_services_share_the_instances():
    both = "name: shop\nservices:\n  a: {image: a, memory: 500, tasks: 3}\n  b: {image: b, memory: 500, tasks: %s}\n"
    assert codes(both % 2) == []
    assert codes(both % 3) == ["update-does-not-fit"]
    assert codes(both % 4) == ["tasks-do-not-fit"]


def test_e2_e4_a_task_that_fits_nowhere_hides_no_other_problem():
    """Source: Amazon ECS developer guide, task-placement (memory, CPU and ports are looked at per instance)."""
    big = "  big: {image: b, network_mode: host, port: 81, route: {path: [/b]}, memory: 64, tasks: %s}\n"
    compute = "compute: {instances: {min: 1, max: 2}}\n"
    text = "name: shop\nservices:\n  api: {image: a, memory: 1000}\n" + big + compute
    assert codes(text % 4) == ["memory-does-not-fit", "tasks-do-not-fit"]
    assert "services.big.tasks.min: 4 tasks do not fit 2 t3.micro" in message(text % 4, "tasks-do-not-fit")
    assert codes(text % 2) == ["memory-does-not-fit", "update-does-not-fit"]
    assert codes(text % 1) == ["memory-does-not-fit"], "what never runs takes no room from the others"
    assert codes(text % "{min: 1, max: 4}", "warning") == ["tasks-do-not-fit"]


def test_unknown_instance_types_are_not_guessed_at():
    assert codes(web("memory: 100000", "compute: {instance_types: [t9.micro]}")) == []


def test_a_big_fleet_is_checked_soon():
    text = "name: shop\nservices:\n" + "".join(
        f"  s{number}: {{image: a, memory: 8, cpu: 1, tasks: {{min: 1, max: 2000}}}}\n" for number in range(5)
    )
    assert codes(text + "compute: {instances: {max: 2000}}\n", "warning") == []


PRIVATE = "network: {private: true, nat: single}\n"


def test_e1_p8_interfaces_limit_awsvpc_tasks_on_small_instances():
    micro = web("network_mode: awsvpc, memory: 64, tasks: 5", PRIVATE)
    assert codes(micro) == []
    assert codes(micro.replace("tasks: 5", "tasks: 6")) == ["update-does-not-fit"]
    assert "1 per instance, room for 6" in message(micro.replace("tasks: 5", "tasks: 7"), "tasks-do-not-fit")
    assert codes(micro.replace("tasks: 5", "tasks: 11") + "compute: {instance_types: [t3.small]}\n") == []


def test_e3_awsvpc_on_ec2_needs_a_way_out():
    assert codes(web("network_mode: awsvpc, tasks: 1")) == ["awsvpc-without-way-out"]
    assert codes(web("network_mode: awsvpc, tasks: 1", "network: {nat: single}")) == ["awsvpc-without-way-out"]
    assert codes(web("network_mode: awsvpc, tasks: 1", PRIVATE)) == []
    closed = web("network_mode: awsvpc, tasks: 1", "network: {private: true, vpc_endpoints: true}")
    assert codes(closed.replace("image: nginx", "build: .")) == []


def test_e3_endpoints_lead_to_no_public_registry():
    """Source: ECR user guide, vpc-endpoints."""
    ecr = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/nginx:1"
    closed = web("sidecars: {proxy: {image: envoy}}", "network: {private: true, vpc_endpoints: true}")
    assert codes(closed.replace("image: nginx", f"image: {ecr}")) == ["image-out-of-reach"]
    assert codes(closed.replace("envoy", ecr)) == ["image-out-of-reach"]
    assert codes(closed.replace("envoy", ecr).replace("image: nginx", f"image: {ecr}")) == []
    assert codes(closed.replace("vpc_endpoints: true", "vpc_endpoints: true, nat: single")) == []
    assert codes(closed.replace("private: true, ", "")) == []


def test_e4_host_mode_takes_one_task_per_instance():
    assert codes(web("network_mode: host, memory: 64, tasks: 5")) == []
    assert codes(web("network_mode: host, memory: 64, tasks: 6")) == ["update-does-not-fit"]
    assert codes(web("network_mode: host, memory: 64, tasks: 7")) == ["tasks-do-not-fit"]


def test_e4_two_services_on_one_host_port_exclude_each_other():
    text = "name: shop\nservices:\n  a: {image: a, port: 80, network_mode: host, memory: 64, tasks: 3, route: "
    text += "{path: [/a]}}\n  b: {image: b, port: %s, network_mode: host, memory: 64, tasks: 4}\n"
    assert codes(text % 81) == []
    assert codes(text % 80) == ["tasks-do-not-fit"]


def test_p7_ports_of_the_instance_itself_are_refused_in_host_mode():
    assert codes(web("network_mode: host, tasks: 1", port=51678)) == ["port-reserved"]
    assert codes(web("tasks: 1", port=22)) == []


# --- rolling updates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minimum", "maximum", "count", "moves"),
    [(100, 200, 1, True), (100, 100, 4, False), (100, 125, 3, False), (75, 100, 2, False), (50, 100, 2, True),
     (50, 100, 1, False), (0, 100, 1, True), (100, 150, 1, False), (100, 150, 2, True)],
)  # fmt: skip
def test_b8_d5_percentages_round_so_that_nothing_moves(minimum, maximum, count, moves):
    assert can_move(RollingUpdateSpec(min_healthy_percent=minimum, max_percent=maximum), count) is moves


def test_d2_bounds_are_rounded_up_and_down():
    assert bounds(RollingUpdateSpec(min_healthy_percent=50, max_percent=150), 3) == (2, 4)


def test_b8_every_number_of_tasks_that_scaling_may_choose_is_checked():
    assert codes(web("tasks: {min: 2, max: 3}, rolling_update: {max_percent: 150}")) == []
    found = message(web("tasks: {min: 1, max: 3}, rolling_update: {max_percent: 150}"), "update-cannot-move")
    assert (
        "an update of 1 task could never move: 1 must stay healthy and 1 may run; raise `max_percent` to 200" in found
    )


def test_z2_zone_rebalancing_needs_room_to_move():
    text = web("zone_rebalancing: true, rolling_update: {min_healthy_percent: 50, max_percent: 100}")
    assert codes(text) == ["zone-rebalancing-max-percent"]


def test_deadline_must_hold_one_round():
    text = web("deregistration_delay: 300, stop_timeout: 120, rolling_update: {deadline: 400}")
    assert codes(text) == ["deadline-too-short"]


# --- scaling ----------------------------------------------------------------------------------------------------------


def test_min_over_max():
    assert "must be at least `min` (5); 3 was given" in message(web("tasks: {min: 5, max: 3}"), "tasks-min-over-max")
    assert "`max` is 5 by default" in message(web("tasks: {min: 9}"), "tasks-min-over-max")
    assert codes(web(rest="compute: {instances: {min: 3, max: 2}}")) == ["instances-min-over-max"]


def test_scaling_needs_a_target():
    assert codes(web("tasks: {target_cpu: null}")) == ["scaling-without-target"]
    schedule = "schedule: {night: {when: 'rate(1 day)', min: 1, max: 1}}"
    assert codes(web(f"tasks: {{target_cpu: null, {schedule}}}")) == []
    assert codes("name: shop\nservices: {a: {image: a, tasks: {target_requests: 10}}}\n") == [
        "target-requests-without-port"
    ]


def test_d14_a_second_target_is_named():
    assert codes(web("tasks: {target_memory: 70}"), "warning") == ["several-targets"]
    assert codes(web("tasks: {target_memory: 70, min: 2, max: 2}"), "warning") == []


@pytest.mark.parametrize(
    ("schedule", "code"),
    [
        ("when: 'cron(0 8 ? * MON-FRI *)', min: 4", None),
        ("when: 'at(2027-01-01T08:00:00)', max: 3", None),
        ("when: 'rate(5 minutes)', min: 1, timezone: Europe/Berlin", None),
        ("when: 'cron(0 8 * * *)', min: 4", "schedule-when"),
        ("when: 'rate(1 minutes)', min: 4", "schedule-when"),
        ("when: 'at(2027-13-01T08:00:00)', min: 4", "schedule-when"),
        ("when: 'rate(1 day)', min: 4, timezone: Europe/Nowhere", "schedule-timezone"),
        ("when: 'rate(1 day)'", "schedule-empty"),
        ("when: 'rate(1 day)', min: 5, max: 4", "schedule-min-over-max"),
        ("when: 'rate(1 day)', min: 6", "schedule-min-over-max"),
        ("when: 'rate(1 day)', max: 1", "schedule-min-over-max"),
    ],
)
def test_s15_schedules(schedule, code):
    assert codes(web(f"tasks: {{schedule: {{day: {{{schedule}}}}}}}")) == ([code] if code else [])


# --- containers, secrets, names ---------------------------------------------------------------------------------------


def test_health_check_timeout_is_below_the_interval():
    assert codes(web("health_check: {interval: 5, timeout: 5}")) == ["health-check-timeout"]


@pytest.mark.parametrize("matcher", ["200", "200-399", "200,204", "404"])
def test_l1_matchers(matcher):
    assert codes(web(f"health_check: {{matcher: '{matcher}'}}")) == []
    assert codes(web(f"health_check: {{matcher: '{matcher}0'}}")) == ["health-check-matcher"]


def test_ports_of_one_awsvpc_task():
    sidecars = "sidecars: {a: {image: a, port: 80}, b: {image: b, port: 90}, c: {image: c, port: 90}}"
    assert codes(fargate(sidecars)) == ["port-taken"]
    assert codes(web(sidecars)) == []


def test_a_task_has_at_most_ten_containers():
    sidecars = ", ".join(f"s{number}: {{image: a, memory: 6}}" for number in range(10))
    assert codes(web(f"sidecars: {{{sidecars}}}")) == ["too-many-containers"]


def test_i3_exec_does_not_go_with_a_read_only_root():
    assert codes(web("read_only_root: true")) == ["exec-read-only-root"]
    assert codes(web("read_only_root: true, exec: false")) == []


def test_i2_aws_keys_in_the_environment():
    assert codes(web("variables: {AWS_ACCESS_KEY_ID: AKIAIOSFODNN7EXAMPLE}"), "warning") == ["aws-keys-in-environment"]


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (ARN, None),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf", None),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf:password::", None),
        ("arn:aws-cn:ssm:cn-north-1:123456789012:parameter/db", None),
        ("shop/db", "secret-arn"),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/*", "secret-arn"),
        ("arn:aws:s3:::bucket/key", "secret-arn"),
    ],
)
def test_h3_secrets_are_exact_arns(arn, code):
    assert codes(web(f"secrets: {{DB: '{arn}'}}")) == ([code] if code else [])


def test_a_secret_in_another_region():
    assert codes(web(f"secrets: {{DB: '{ARN}'}}", "region: us-east-1"), "warning") == ["secret-in-other-region"]
    assert codes(web(f"secrets: {{DB: '{ARN}'}}", "region: eu-west-1"), "warning") == []


def test_one_name_in_variables_and_secrets():
    assert codes(web(f"variables: {{DB: x}}, secrets: {{DB: '{ARN}'}}")) == ["variable-twice"]
    assert codes(web("variables: {9A: x, 'a b': y, a=b: z}")) == ["variable-name"]


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("DB_PASSWORD", "hunter2", True),
        ("API_KEY", "abcdef", True),
        ("github_token", "abcdef", True),
        ("X", "AKIAIOSFODNN7EXAMPLE", True),
        ("X", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", True),
        ("DATABASE_URL", "postgres://user:secret@db/shop", True),
        ("X", "-----BEGIN RSA PRIVATE KEY-----", True),
        ("X", "q7Zt0XrB5mWcK3vN8yLpJ2hD6fGs4aTe", True),
        ("DATABASE_URL", "postgres://db/shop", False),
        ("TOKEN_LIFETIME", "3600", False),
        ("PASSWORD_RESET", "true", False),
        ("SECRET_FILE", "/run/secrets/db", False),
        ("TOKEN_URL", "https://example.com/token", False),
        ("COMMIT", "8f1d7c2e9ab04c5588f1d7c2e9ab04c5588f1d7c", False),
        ("GREETING", "hello", False),
        ("TOKENIZER", "bpe", False),
        ("PATTERN", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", False),
    ],
)
def test_a8_variables_that_look_like_secrets(name, value, secret):
    assert looks_like_secret(name, value) is secret


@pytest.mark.parametrize(
    ("name", "code"), [("aws-shop", "name-reserved"), ("ecs", "name-reserved"), ("fargate-x", "name-reserved"),
                       ("internal-shop", "name-reserved"), ("internal", "name-reserved"), ("my-aws", None)]
)  # fmt: skip
def test_d19_g2_reserved_names(name, code):
    assert codes(web().replace("name: shop", f"name: {name}")) == ([code] if code else [])


def test_names_of_repositories_and_containers():
    assert codes("name: a--b\nservices: {web: {build: .}}\n") == ["name-double-hyphen"]
    assert codes("name: a--b\nservices: {web: {image: a}}\n") == []
    assert codes(web("sidecars: {web: {image: a}}")) == ["container-name-taken"]


def test_tags():
    assert codes(web(rest='tags: {"aws:x": a}')) == ["tag-reserved"]
    assert codes(web(rest='tags: {"TinyStacks:stack": a}')) == ["tag-reserved"]
    assert codes(web(rest=f"tags: {{a: {'x' * 257}}}")) == ["tag-too-long"]
    assert codes(web(rest="tags: {" + ", ".join(f"t{number}: a" for number in range(46)) + "}")) == ["too-many-tags"]


@pytest.mark.parametrize(
    ("service", "rest", "code"),
    [
        ("permissions: [{actions: ['*'], resources: ['*']}]", "", None),
        ("permissions: [{actions: [GetObject], resources: ['*']}]", "", "permission-action"),
        ("permissions: [{actions: ['s3:Get*'], resources: [bucket]}]", "", "permission-resource"),
        ("policies: ['arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess']", "", None),
        ("policies: [AmazonS3ReadOnlyAccess]", "", "policy-arn"),
        ("kms_keys: [alias/a]", "", "kms-key-arn"),
        ("logs: {kms_key: alias/a}", "", "kms-key-arn"),
        ("", "alarms: {topic: alerts}", "topic-arn"),
        ("image: 'a b'", "", "image-invalid"),
    ],
)
def test_identifiers(service, rest, code):
    text = web(service, rest)
    text = text.replace("image: nginx, port: 80, image", "port: 80, image")
    assert codes(text) == ([code] if code else [])


# --- routes, network, endpoint, instances -----------------------------------------------------------------------------

TWO = "name: shop\nservices:\n  web: {image: nginx, port: 80%s}\n  api: {image: nginx, port: 81%s}\n"


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("", "", "route-missing"),
        ("", ", route: {path: [/api/*]}", None),
        (", route: {host: [a.example.com]}", ", route: {host: [b.example.com]}", None),
        (", route: {path: [/a]}", ", route: {path: [/a]}", "route-taken"),
        ("", ", route: {}", "route-empty"),
        ("", ", route: {path: [api]}", "route-path"),
        ("", ", route: {path: ['/a b']}", "route-path"),
        ("", ", route: {host: ['https://a']}", "route-host"),
    ],
)
def test_routes(first, second, code):
    assert codes(TWO % (first, second)) == ([code] if code else [])


def test_a_route_needs_a_port():
    assert codes("name: shop\nservices: {a: {image: a, route: {path: [/a]}}}\n") == ["route-without-port"]


SUBNETS = "public_subnets: [subnet-0abc1234, subnet-0abc1235]"


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("{availability_zones: 1}", ["zones-for-load-balancer"]),
        ("{private: true}", ["private-without-way-out"]),
        ("{private: true, nat: per_az}", []),
        ("{cidr: 10.0.0.1/16}", ["cidr"]),
        ("{cidr: 10.0.0.0/8}", ["cidr-size"]),
        ("{cidr: 10.0.0.0/26}", ["cidr-size"]),
        ("{cidr: 10.0.0.0/24}", []),
        ("{public_subnets: [subnet-0abc123def4567890]}", ["subnets-without-vpc"]),
        ("{vpc_id: vpc-0abc123def4567890}", ["public-subnets-missing", "subnets-for-load-balancer"]),
        ("{vpc_id: vpc-0abc123def4567890, public_subnets: [subnet-0abc1234, subnet-0abc1235]}", []),
        ("{vpc_id: vpc-0abc123def4567890, public_subnets: [subnet-0abc1234]}", ["subnets-for-load-balancer"]),
        ("{vpc_id: mine, public_subnets: [subnet-0abc1234, subnet-0abc1234]}", ["subnet-twice", "vpc-id"]),
        ("{vpc_id: vpc-0abc1234, public_subnets: [one, two]}", ["subnet-id"]),
        (f"{{vpc_id: vpc-0abc1234, private: true, {SUBNETS}}}", ["private-subnets-missing"]),
    ],
)  # fmt: skip
def test_networks(network, expected):
    assert codes(web(rest=f"network: {network}")) == expected


def test_network_warnings():
    assert codes(web(rest="network: {nat: per_az}"), "warning") == ["nat-addresses"]
    assert codes(web(rest="network: {cidr: 8.8.0.0/16}"), "warning") == ["cidr-public"]
    existing = "network: {vpc_id: vpc-0abc1234, nat: single, public_subnets: [subnet-0abc1234, subnet-0abc1235]}"
    assert codes(web(rest=existing), "warning") == ["only-for-own-vpc"]


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        ("{certificate: 'arn:aws:acm:eu-west-1:123456789012:certificate/abc'}", None),
        ("{certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/abc'}", "certificate-region"),
        ("{certificate: abc}", "certificate-arn"),
        ("{domain: shop.example.com}", None),
        ("{domain: 'https://shop.example.com'}", "domain"),
        ("{access_logs: 's3://logs'}", "bucket-name"),
        ("{allow: []}", "allow-empty"),
        ("{allow: [10.0.0.1/8]}", "allow-range"),
        ("{allow: [10.0.0.0/8, '2001:db8::/32']}", None),
    ],
)
def test_endpoints(endpoint, code):
    assert codes(web(rest=f"endpoint: {endpoint}\nregion: eu-west-1")) == ([code] if code else [])


def test_an_endpoint_without_a_port():
    assert codes("name: shop\nservices: {a: {image: a}}\nendpoint: {idle_timeout: 30}\n", "warning") == [
        "endpoint-without-port"
    ]


@pytest.mark.parametrize(
    ("types", "code"),
    [
        ("[t3.micro, t3a.micro]", None),
        ("[t3.mirco]", "instance-type-invalid"),
        ("[big]", "instance-type-invalid"),
        ("[t3.micro, t3.micro]", "instance-type-twice"),
        ("[t3.micro, t4g.micro]", "architectures-differ"),
    ],
)
def test_instance_types(types, code):
    assert codes(web(rest=f"compute: {{instance_types: {types}}}")) == ([code] if code else [])


def test_instance_type_messages():
    assert "did you mean `t3.micro`?" in message(
        web(rest="compute: {instance_types: [t3.mirco]}"), "instance-type-invalid"
    )
    assert codes(web(rest="compute: {instance_types: [m99.large]}"), "warning") == ["instance-type-unknown"]


def test_e11_architecture_follows_from_the_types():
    assert codes(web(rest="compute: {architecture: arm64}")) == ["architecture-differs"]
    assert codes(web(rest="compute: {architecture: arm64, instance_types: [t4g.micro]}")) == []


def test_d17_a_group_that_may_be_empty_says_what_starting_and_ending_it_costs():
    """Source: ECS developer guide, managed-scaling-behavior (two instances from none; 15 minutes until one goes)."""
    text = web("tasks: 1", "compute: {instances: {min: 0, max: %s}}")
    assert codes(text % 2) == []
    found = message(text % 2, "instances-from-zero")
    assert "compute.instances.min" in found
    assert "two instances at once" in found
    assert "about 15 minutes" in found
    assert codes(web("tasks: 1", "compute: {instances: {min: 0, max: 1}}"), "warning") == [], "there is no second one"
    assert codes(web("tasks: 1", "compute: {instances: {min: 1}}"), "warning") == []
    own = "compute: {instances: {min: 0, max: 2}, scaling: {cpu: 75}}"
    assert codes(web("tasks: 1", own), "warning") == [], "only managed scaling does so"
    assert codes(web("tasks: 1")) == [], "by default a group is never empty"

    prices = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    (row,) = [line for line in prices.splitlines() if line.startswith("| `compute.instances` with `min: 0`")]
    assert "two instances at once" in row
    assert "15 minutes" in row


def test_cpu_scaling_minutes():
    assert codes(web(rest="compute: {scaling: {minutes: 7}}")) == ["scaling-minutes"]
    assert codes(web(rest="compute: {scaling: {minutes: 7}, detailed_monitoring: true}")) == []


def test_warnings_do_not_refuse_a_stage():
    stage = load_stack_text(web("tasks: {target_memory: 70}", "network: {nat: per_az}")).stage()
    assert stage.network.nat == "per_az"


def test_errors_refuse_a_stage_all_at_once():
    with pytest.raises(SpecError) as caught:
        load_stack_text(web("memory: 4000, read_only_root: true", "network: {availability_zones: 1}")).stage()
    assert [problem.code for problem in caught.value.problems] == [
        "memory-does-not-fit",
        "exec-read-only-root",
        "zones-for-load-balancer",
    ]


def test_every_pattern_of_the_models_is_put_into_words():
    def patterns(value):
        if isinstance(value, dict):
            if isinstance(value.get("pattern"), str):
                yield value["pattern"]
            for inner in value.values():
                yield from patterns(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from patterns(inner)

    assert set(patterns(file_schema())) <= set(PATTERNS)
