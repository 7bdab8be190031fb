"""No interruption, with a number: a minute of load on real containers while a stage changes and while it breaks."""

from __future__ import annotations

import gzip
import json
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import pytest

from tests.fakes.lacking import lacking
from tests.fakes.local_stage import LocalStage, eventually
from tests.fakes.podman import IMAGE, container_ids, shell
from tinystacks.local.process import LocalAws
from tinystacks.local.runtime.docker_labels import TASK
from tinystacks.local.target import LocalTarget

SECONDS = 60
LEAST_REQUESTS = 10_000
ROUND_SECONDS = 15
MOST_ROUNDS = 20
KILL_EVERY_SECONDS = 5.0
UNNOTICED_SECONDS = 3.0
"""Longest time from a container's death until the balancer sends it nothing more, on a busy machine."""
REQUEST_SECONDS = 1.0
"""Longest time that a request takes."""
BUCKET = "load-logs"
SERVE = (
    "trap 'exit 0' TERM; mkdir -p /tmp/www; echo {version} > /tmp/www/index.html; "
    "/bin/busybox httpd -f -p 8080 -h /tmp/www & wait"
)
REPORT = """
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init(args) good, bad, one, two = 0, 0, 0, 0 end
function response(status, headers, body)
  if status == 200 then good = good + 1 else bad = bad + 1 end
  if string.find(body, "version-1", 1, true) then one = one + 1 end
  if string.find(body, "version-2", 1, true) then two = two + 1 end
end
function done(summary, latency, requests)
  local sums = {good = 0, bad = 0, one = 0, two = 0}
  for _, thread in ipairs(threads) do
    for name, _ in pairs(sums) do sums[name] = sums[name] + thread:get(name) end
  end
  local e = summary.errors
  io.stderr:write(string.format(
    '{"good": %d, "bad": %d, "one": %d, "two": %d, "broken": %d, "slowest_ms": %.1f, "p99_ms": %.1f}',
    sums.good, sums.bad, sums.one, sums.two, e.connect + e.read + e.write + e.timeout,
    latency.max / 1000, latency:percentile(99) / 1000))
end
"""


@dataclass(kw_only=True)
class Load:
    """What two loads saw together: one keeps its connections, one makes a new one for each request.

    Attributes:
        good: answers with 200.
        bad: other answers.
        one: answers of the first version.
        two: answers of the second.
        broken: connections refused, broken or timed out.
    """

    good: int
    bad: int
    one: int
    two: int
    broken: int
    slowest_ms: float
    p99_ms: float


class Loads:
    """Two wrk at once, for so long; on a slow machine again and again until there were enough requests."""

    def __init__(self, folder, url, *, seconds, requests=0):
        self._script = folder / "report.lua"
        self._script.write_text(REPORT)
        self._url = url
        self._told = []
        self._thread = threading.Thread(target=self._run, args=(seconds, requests))
        self._thread.start()

    def _run(self, seconds, requests):
        self._round(seconds)
        for _ in range(MOST_ROUNDS):
            if sum(one["good"] for one in self._told) >= requests:
                return
            self._round(ROUND_SECONDS)

    def _round(self, seconds):
        base = ["wrk", "--threads", "1", "--duration", f"{seconds}s", "--timeout", "10s", "--script", str(self._script)]
        kept = [*base, "--connections", "6", self._url]
        fresh = [*base, "--connections", "3", "--header", "Connection: close", self._url]
        running = [
            subprocess.Popen(one, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for one in (kept, fresh)
        ]
        self._told += [json.loads(one.communicate(timeout=seconds + 60)[1]) for one in running]

    def result(self, capsys):
        """What they saw, told on the terminal too."""
        self._thread.join()
        sums = {key: sum(one[key] for one in self._told) for key in ("good", "bad", "one", "two", "broken")}
        load = Load(**sums, **{key: max(one[key] for one in self._told) for key in ("slowest_ms", "p99_ms")})
        with capsys.disabled():
            print(f"\n{load}")  # noqa: T201 - the numbers are what this test is for
        return load


@pytest.fixture(scope="module")
def stage(container_engine, tmp_path_factory):
    if shutil.which("wrk") is None:
        lacking("wrk is missing")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", container_engine.url)
        local = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
        status = local.start(runtime="docker", speed=10)
        try:
            made = LocalStage(client=LocalTarget(status, "us-east-1").client)
            made.make_network()
            made.make_instances()
            made.make_endpoint()
            be_patient(made)
            made.make_service(register(made, 1))
            made.wait_steady(seconds=120)
            yield made
        finally:
            local.stop()


def register(stage, version, script=SERVE):
    return stage.register(image=IMAGE, memory=64, **shell(script.format(version=f"version-{version}")))


def be_patient(stage):
    """Let a slow machine answer late: simulated seconds pass ten times as fast as requests do."""
    elb, group = stage.client("elbv2"), stage.made["target_group"]
    elb.modify_target_group(
        TargetGroupArn=group, HealthCheckIntervalSeconds=10, HealthCheckTimeoutSeconds=9, UnhealthyThresholdCount=10
    )
    elb.modify_target_group_attributes(
        TargetGroupArn=group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}]
    )


def writable(bucket):
    """A policy that lets load balancers log (Application Load Balancer user guide, enable-access-logging)."""
    principal = {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    put = {"Effect": "Allow", "Principal": principal, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [put]})


def log_to(stage, *, enabled):
    attributes = {"access_logs.s3.enabled": str(enabled).lower(), "access_logs.s3.bucket": BUCKET}
    stage.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=stage.made["balancer"],
        Attributes=[{"Key": key, "Value": value} for key, value in attributes.items()],
    )


def logged(stage):
    s3 = stage.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for one in page.get("Contents", []):
            if one["Key"].endswith(".log.gz"):
                body = s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
                yield from gzip.decompress(body).decode().splitlines()


def every_line(stage, number):
    """The access log, once it holds so many lines."""
    deadline = time.monotonic() + 60
    while len(lines := list(logged(stage))) < number:
        codes = Counter(line.split(" ", 9)[8] for line in lines)
        assert time.monotonic() < deadline, f"{len(lines)} of {number} lines: {codes}"
        time.sleep(0.5)
    return lines


def test_d1_a_rolling_update_under_load_loses_no_request(stage, tmp_path, capsys):
    """ECS developer guide, deployment-type-ecs; ALB user guide, deregistration delay."""
    loads = Loads(tmp_path, f"{stage.url}/", seconds=SECONDS, requests=LEAST_REQUESTS)
    time.sleep(SECONDS / 6)
    second = register(stage, 2)
    stage.client("ecs").update_service(cluster="shop", service="web", taskDefinition=second)
    stage.wait_steady(task_definition=second, seconds=120)
    load = loads.result(capsys)
    assert (load.bad, load.broken) == (0, 0)
    assert load.good >= LEAST_REQUESTS
    assert load.one > 0
    assert load.two > 0
    assert load.one + load.two == load.good


def port_of(line):
    """The target's port in a line of the access log."""
    return line[4].rpartition(":")[2]


def begun_at(line):
    return datetime.fromisoformat(line[21]).timestamp()


def left_by_client(line):
    """Whether wrk went away with the request just sent, as it does when its time is over; it waits two seconds else.

    Source: ALB user guide, "Troubleshoot": 460, the client closed the connection before the answer.
    """
    return line[8] == "460" and datetime.fromisoformat(line[1]).timestamp() - begun_at(line) < 1


class Killer:
    """Kills the container of one task every few seconds, as long as another one is healthy."""

    def __init__(self, stage, engine):
        self.killed = []
        self._stage = stage
        self._engine = engine
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def explains(self, port, at):
        """Whether a request that began then was on its way to a container that had just been killed."""
        return any(port == dead and -REQUEST_SECONDS <= at - died <= UNNOTICED_SECONDS for dead, died in self.killed)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _run(self):
        while not self._ended.wait(KILL_EVERY_SECONDS):
            running = [one for one in self._stage.tasks() if one["lastStatus"] == "RUNNING"]
            health = self._stage.client("elbv2").describe_target_health(TargetGroupArn=self._stage.made["target_group"])
            states = [one["TargetHealth"]["State"] for one in health["TargetHealthDescriptions"]]
            if len(running) < 2 or states.count("healthy") < 2:
                continue
            task = min(running, key=lambda one: one["startedAt"])
            [container] = container_ids(self._engine, f"{TASK}={task['taskArn'].rpartition('/')[2]}")
            port = str(task["containers"][0]["networkBindings"][0]["hostPort"])
            with self._engine.client() as client:
                process = client.inspect_container(container)["State"]["Pid"]
            os.kill(process, signal.SIGKILL)
            self.killed.append((port, time.time()))


def test_under_load_a_killed_container_costs_only_requests_on_its_own_connections(
    stage, container_engine, tmp_path, capsys
):
    """The task is replaced each time: it had been RUNNING, which ECS does not throttle (H1)."""
    stage.client("s3").create_bucket(Bucket=BUCKET)
    stage.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=writable(BUCKET))
    log_to(stage, enabled=True)
    # The balancer takes the attribute over a moment later, and says so with the test file.
    eventually(lambda: stage.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents"), what="the test file")
    before = {one["taskArn"] for one in stage.tasks()}
    loads = Loads(tmp_path, f"{stage.url}/", seconds=SECONDS, requests=LEAST_REQUESTS)
    with Killer(stage, container_engine) as killer:
        load = loads.result(capsys)
    assert len(killer.killed) >= 4
    assert load.good >= LEAST_REQUESTS
    stage.wait_steady(seconds=60)
    assert not before & {one["taskArn"] for one in stage.tasks()}
    log_to(stage, enabled=False)
    total = load.good + load.bad
    lines = every_line(stage, total)
    # Taken apart are the few that failed: that takes a millisecond each.
    failed = [shlex.split(line) for line in lines if line.split(" ", 9)[8] != "200"]
    assert len(failed) >= load.bad
    strange = [
        line for line in failed if not killer.explains(port_of(line), begun_at(line)) and not left_by_client(line)
    ]
    told = [(line[8], line[21], *line[4:8]) for line in strange[:5]]
    assert not strange, f"{len(strange)} of {len(failed)}: {told}; killed: {killer.killed}"
    assert load.bad + load.broken < load.good / 50


def test_h2_tasks_that_die_at_their_start_again_and_again_are_throttled_while_the_old_version_serves(
    stage, tmp_path, capsys
):
    """ECS developer guide, service-throttle-logic."""
    ecs = stage.client("ecs")
    ecs.update_service(
        cluster="shop",
        service="web",
        taskDefinition=register(stage, 3, script="exit 1"),
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": False, "rollback": False}},
    )
    loads = Loads(tmp_path, f"{stage.url}/", seconds=15)

    def throttled():
        messages = [event["message"] for event in stage.service()["events"]]
        return any("unable to consistently start tasks successfully" in one for one in messages) or None

    eventually(throttled, what="the throttle's event", seconds=60)
    load = loads.result(capsys)
    assert (load.bad, load.broken) == (0, 0)
    assert load.two == load.good
