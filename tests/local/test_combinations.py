"""Every kind of stage that the programs can make, through its whole life: the real engine on the local AWS.

Two stages at a time, each in a region of its own, from one Python program (traps A15, A16).
"""

from __future__ import annotations

import itertools
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.stage_remains import remains
from tests.fakes.surroundings import Surroundings, make_surroundings
from tinystacks.deployment.changes import Changes
from tinystacks.deployment.deployment import Deployment
from tinystacks.deployment.ends import Result
from tinystacks.deployment.engine_model import EngineSettings
from tinystacks.deployment.results import DestroyResult, PreviewResult, RefreshResult, UpResult
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget
from tinystacks.spec.model import StackSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

REGIONS = ("us-east-1", "eu-west-1")
SPEED = 60
IMAGE = "public.ecr.aws/nginx/nginx:1.27"
OTHER_REGISTRY = "210987654321.dkr.ecr.us-east-1.amazonaws.com"

CHOICES: dict[str, tuple[str, ...]] = {
    "compute": ("ec2", "fargate"),
    "vpc": ("own", "existing"),
    "services": ("one", "several"),
    "endpoint": ("http", "https", "none"),
    "subnets": ("public", "private"),
    "capacity": ("on-demand", "spot"),
    "secrets": ("no secrets", "secrets"),
    "sidecars": ("no sidecars", "sidecars"),
    "tasks": ("scaled", "fixed", "scheduled"),
    "instances": ("managed", "cpu"),
    "logs": ("few logs", "all logs"),
}
IMPOSSIBLE = {("compute", "fargate", "instances", "cpu")}
"""Fargate has no instances to scale."""


@dataclass(frozen=True, slots=True)
class Row:
    """One stage: a choice per column, and what is only tried here."""

    name: str
    choices: tuple[str, ...]
    besides: Mapping[str, Any] = field(default_factory=dict)

    def __getattr__(self, column: str) -> str:
        return self.choices[list(CHOICES).index(column)]

    @property
    def pairs(self) -> set[tuple[str, str, str, str]]:
        chosen = zip(CHOICES, self.choices, strict=True)
        return {(*first, *second) for first, second in itertools.combinations(chosen, 2)}


ROWS = (
    Row(
        "first",
        ("ec2", "own", "several", "none", "private", "spot", "secrets", "sidecars", "fixed", "cpu", "all logs"),
        {"network": {"nat": "single"}},
    ),
    Row(
        "second",
        (
            "fargate",
            "existing",
            "one",
            "http",
            "public",
            "on-demand",
            "no secrets",
            "no sidecars",
            "fixed",
            "managed",
            "few logs",
        ),
        {"compute": {"architecture": "arm64"}},
    ),
    Row(
        "third",
        ("ec2", "existing", "one", "https", "public", "spot", "no secrets", "sidecars", "scheduled", "cpu", "few logs"),
        {"compute": {"instance_types": ["t4g.medium", "t4g.large"]}, "alarms": {"enabled": False}},
    ),
    Row(
        "fourth",
        (
            "fargate",
            "own",
            "several",
            "https",
            "private",
            "on-demand",
            "secrets",
            "no sidecars",
            "scaled",
            "managed",
            "all logs",
        ),
        {"network": {"nat": "per_az"}},
    ),
    Row(
        "fifth",
        ("ec2", "own", "one", "none", "public", "on-demand", "no secrets", "sidecars", "scaled", "managed", "all logs"),
        {"compute": {"termination_protection": True, "target_capacity": 90}},
    ),
    Row(
        "sixth",
        (
            "fargate",
            "own",
            "several",
            "http",
            "private",
            "spot",
            "secrets",
            "sidecars",
            "scheduled",
            "managed",
            "few logs",
        ),
        {"network": {"vpc_endpoints": True}, "services": {"web": {"ephemeral_storage_gib": 40}}},
    ),
    Row(
        "seventh",
        (
            "ec2",
            "existing",
            "several",
            "http",
            "private",
            "spot",
            "no secrets",
            "no sidecars",
            "scaled",
            "cpu",
            "all logs",
        ),
        {"services": {"web": {"route": {"host": ["shop.example.com"]}}}, "endpoint": {"internal": True}},
    ),
    Row(
        "eighth",
        (
            "fargate",
            "existing",
            "several",
            "none",
            "public",
            "on-demand",
            "secrets",
            "no sidecars",
            "scheduled",
            "managed",
            "all logs",
        ),
        {"stages": {"dev": {"approval": "manual"}}},
    ),
    Row(
        "ninth",
        ("ec2", "own", "one", "none", "private", "on-demand", "secrets", "no sidecars", "scaled", "cpu", "few logs"),
        {"network": {"nat": "per_az"}, "services": {"web": {"network_mode": "awsvpc"}}},
    ),
    Row(
        "tenth",
        (
            "fargate",
            "existing",
            "one",
            "https",
            "public",
            "spot",
            "secrets",
            "sidecars",
            "fixed",
            "managed",
            "all logs",
        ),
        {"compute": {"container_insights": "disabled"}},
    ),
    # Beyond the pairs: what only one kind of stage has.
    Row(
        "approved",
        (
            "ec2",
            "own",
            "one",
            "https",
            "private",
            "on-demand",
            "secrets",
            "no sidecars",
            "scaled",
            "managed",
            "all logs",
        ),
        {
            "stages": {"dev": {"approval": "manual"}},
            "network": {"vpc_endpoints": True},
            "endpoint": {"domain": "shop.example.com", "internal": True, "allow": ["10.0.0.0/8", "fd00::/8"]},
            "services": {"web": {"image": None, "build": ".", "exec": False, "read_only_root": True}},
        },
    ),
    Row(
        "hosted",
        (
            "ec2",
            "own",
            "one",
            "http",
            "public",
            "on-demand",
            "no secrets",
            "no sidecars",
            "fixed",
            "managed",
            "few logs",
        ),
        {
            "services": {"web": {"network_mode": "host", "port": 80, "tasks": 1, "placement": "binpack"}},
            "compute": {"instances": {"min": 3, "max": 6}, "imds_hop_limit": 2},
        },
    ),
    Row(
        "idle",
        (
            "ec2",
            "existing",
            "one",
            "none",
            "private",
            "on-demand",
            "no secrets",
            "no sidecars",
            "fixed",
            "managed",
            "few logs",
        ),
        {"services": {"web": {"tasks": 0}}},
    ),
)


def document(row: Row, around: Surroundings) -> dict[str, Any]:
    """Write the file of a row."""
    endpoint: dict[str, Any] = {}
    if row.endpoint == "https":
        endpoint["certificate"] = around.certificate
    if row.logs == "all logs" and row.endpoint != "none":
        endpoint["access_logs"] = around.bucket
    written: dict[str, Any] = {
        "name": row.name,
        "services": {"web": _web(row, around), **_others(row)},
        "compute": _compute(row),
        "network": _network(row, around),
        "endpoint": endpoint,
        "alarms": {"topic": around.topic} if row.logs == "all logs" else {},
        "tags": {"team": "shop"},
        "stages": {"dev": {}},
    }
    return _merged(written, row.besides)


def _web(row: Row, around: Surroundings) -> dict[str, Any]:
    service: dict[str, Any] = {"image": _image(row, IMAGE), "tasks": _tasks(row)}
    if row.endpoint != "none":
        service["port"] = 8080
    if row.secrets == "secrets":
        service["secrets"] = {"DATABASE_URL": around.parameter, "KEY": f"{around.secret}:key::"}
        service["kms_keys"] = [around.key]
    if row.sidecars == "sidecars":
        xray = _image(row, "public.ecr.aws/xray/aws-xray-daemon:3.x")
        agent = {"image": xray, "port": 2000, "start_before": True}
        service["sidecars"] = {"xray": agent, "helper": {"image": _image(row, IMAGE), "memory": 64}}
    if row.logs == "all logs":
        service["logs"] = {"mode": "blocking", "retention_days": 90, "kms_key": around.key}
    return service


def _image(row: Row, public: str) -> str:
    """Endpoints alone lead to the private registries of ECR and to no public one (ECR user guide, vpc-endpoints)."""
    closed = row.besides.get("network", {}).get("vpc_endpoints")
    return f"{OTHER_REGISTRY}/{public.partition('/')[2]}" if closed else public


def _tasks(row: Row) -> dict[str, Any] | int:
    if row.tasks == "fixed":
        return 2
    if row.tasks == "scaled":
        return {"min": 1, "max": 3}
    schedule = {
        "morning": {"when": "cron(0 8 ? * MON-FRI *)", "timezone": "Europe/Berlin", "min": 2},
        "evening": {"when": "cron(0 20 ? * MON-FRI *)", "min": 1, "max": 2},
    }
    requests = {} if row.endpoint == "none" else {"target_requests": 1000}
    return {"min": 1, "max": 4, "target_memory": 70, "schedule": schedule, **requests}


def _others(row: Row) -> dict[str, Any]:
    if row.services == "one":
        return {}
    worker = {"image": _image(row, IMAGE), "tasks": 1}
    if row.endpoint == "none":
        return {"worker": worker}
    return {"worker": worker, "api": {**worker, "port": 3000, "route": {"path": ["/api/*", "/v1/*"]}}}


def _compute(row: Row) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": row.compute}
    if row.compute == "ec2":
        made["instance_types"] = ["m5.large"]
    if row.instances == "cpu":
        made["scaling"] = {"cpu": 75, "minutes": 15}
    if row.capacity == "spot":
        made["spot"] = {"on_demand_base": 1, "on_demand_percentage": 25}
    return made


def _network(row: Row, around: Surroundings) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if row.vpc == "existing":
        made = {"vpc_id": around.vpc_id, "public_subnets": list(around.public_subnets)}
        made["private_subnets"] = list(around.private_subnets)
    if row.subnets == "private":
        made["private"] = True
    if row.logs == "all logs":
        made["flow_logs"] = True
    return made


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What the operations on one stage gave, in the order in which they were done."""

    up: UpResult
    again: UpResult
    preview: PreviewResult
    refresh: RefreshResult
    resources: int
    destroy: DestroyResult
    remains: list[str]


class Lives:
    """Runs the selected rows two at a time; a test waits for its own."""

    def __init__(self, home: Path, workspaces: Path, engine: Path, rows: list[Row]) -> None:
        status = LocalAws(home=home).start(runtime="simulated", speed=SPEED)
        self._workspaces = workspaces
        self._settings = DeploymentSettings(engine=EngineSettings(path=engine))
        self._targets = {region: LocalTarget(status, region) for region in REGIONS}
        self._around = {region: make_surroundings(self._targets[region].client, region) for region in REGIONS}
        self._free_regions = list(REGIONS)
        self._pool = ThreadPoolExecutor(len(REGIONS))
        self._futures: dict[str, Future[Life]] = {row.name: self._pool.submit(self._live, row) for row in rows}

    def of(self, row: Row) -> Life:
        return self._futures[row.name].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _live(self, row: Row) -> Life:
        region = self._free_regions.pop()
        try:
            return self._life_in(row, region)
        finally:
            self._free_regions.append(region)

    def _life_in(self, row: Row, region: str) -> Life:
        target = self._targets[region]
        workspace = self._workspaces / row.name
        workspace.mkdir()
        stage = StackSpec.from_mapping(document(row, self._around[region])).stage("dev")
        deployment = Deployment(stage, target, workspace=workspace, settings=self._settings)
        up = deployment.up()
        again = deployment.up()
        preview = deployment.preview()
        refresh = deployment.refresh(dry_run=True)
        record = deployment.record()
        return Life(
            up=up,
            again=again,
            preview=preview,
            refresh=refresh,
            resources=record.resources if record else 0,
            destroy=deployment.destroy(purge_images=True),
            remains=remains(target.client, row.name),
        )


@pytest.fixture(scope="module")
def lives(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    engine = engine_or_skip().path
    home = tmp_path_factory.mktemp("local-home")
    specs = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    rows = [spec.params["row"] for spec in specs if spec is not None and "row" in spec.params]
    running = Lives(home, tmp_path_factory.mktemp("workspaces"), engine, rows)
    yield running
    running.close()
    LocalAws(home=home).stop()


def test_the_rows_pair_every_choice_with_every_other():
    wanted = {
        (one, left, other, right)
        for one, other in itertools.combinations(CHOICES, 2)
        for left in CHOICES[one]
        for right in CHOICES[other]
    }
    assert wanted - set().union(*(row.pairs for row in ROWS)) == IMPOSSIBLE


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}: {', '.join(row.choices)}")
def test_a_stage_is_steady_then_unchanged_and_leaves_nothing(lives: Lives, row: Row):
    life = lives.of(row)
    assert life.up.result is Result.STEADY, life.up.verdicts
    assert life.up.causes == ()
    assert (life.up.changes.total, life.up.changes.create) == (life.resources, life.resources)

    unchanged = Changes(same=life.resources)
    assert (life.again.result, life.again.changes) == (Result.UNCHANGED, unchanged)
    assert (life.preview.planned, life.preview.changes) == ((), unchanged)
    assert (life.refresh.drifted, life.refresh.changes) == ((), unchanged)

    assert (life.destroy.result, life.destroy.changes) == (Result.DESTROYED, Changes(delete=life.resources))
    assert life.destroy.kept == ()
    assert life.remains == []
