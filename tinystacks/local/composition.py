"""Puts the parts of the local AWS together; nothing else knows them all."""

from __future__ import annotations

import os
import queue
import tempfile
import threading
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinystacks.local.alarm_watch import AlarmWatch
from tinystacks.local.alarms import RecentDatapoints
from tinystacks.local.balancer.access_log import AccessLogs
from tinystacks.local.balancer.balancers import Balancers
from tinystacks.local.clock import SpeededClock
from tinystacks.local.control_api import ControlApi
from tinystacks.local.effect_handler import EffectHandler
from tinystacks.local.emulation import Emulation
from tinystacks.local.event_rules import EventRules
from tinystacks.local.exec_rights import ExecRights
from tinystacks.local.failures.book import FailureBook
from tinystacks.local.failures.breaking import Breaker
from tinystacks.local.loop_thread import LoopThread
from tinystacks.local.metrics import Metrics
from tinystacks.local.runtime.choice import choose_engine, make_runtime
from tinystacks.local.sessions.book import SessionBook
from tinystacks.local.sessions.server import SessionServer
from tinystacks.local.status import DEFAULT_REGION, StateFolder
from tinystacks.local.surroundings import MotoSurroundings
from tinystacks.local.target import isolated_session
from tinystacks.local.target_books import TargetBooks
from tinystacks.local.task_logs import TaskLogs
from tinystacks.local.traffic import TrafficBook
from tinystacks.local.usage import UsageReports

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from werkzeug.serving import BaseWSGIServer

    from tinystacks.local.registry.server import Registry
    from tinystacks.local.runtime.base import RuntimeEvent

SIMULATED_SPEED = 20.0
REAL_SPEED = 1.0
_MOTO_SETTINGS = {
    "MOTO_ACCOUNT_ID": "123456789012",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
}
_WARM_SERVICES = ("sts", "iam", "ssm", "ec2", "autoscaling", "elbv2", "logs", "cloudwatch", "ecr")


class LocalServer:
    """The whole local AWS in one process.

    Args:
        listening: bound socket of the endpoint.
        runtime: `simulated`, `docker`, or None for the best that is there.
        speed: simulated seconds per real second; None for the runtime's usual one.
        home: state folder, by which containers of an earlier life are known; None for none.
    """

    def __init__(
        self,
        listening: socket.socket,
        *,
        runtime: str | None = None,
        speed: float | None = None,
        home: Path | None = None,
    ) -> None:
        for name, value in _MOTO_SETTINGS.items():
            os.environ.setdefault(name, value)
        host, port = listening.getsockname()[:2]
        self.endpoint_url = f"http://{host}:{port}"
        self.instance_id = str(uuid.uuid4())
        self._home = home
        self.container_engine = choose_engine(runtime)
        self.runtime_name = "simulated" if self.container_engine is None else "docker"
        self.clock = SpeededClock(speed or (SIMULATED_SPEED if self.runtime_name == "simulated" else REAL_SPEED))
        self._loop = LoopThread("loop")
        self._loop.start()
        self._emulation = Emulation()
        self._failures = FailureBook()
        self._rules = EventRules(self._emulation, self.clock)
        self._books = TargetBooks(self._loop, self.clock, self._failures.is_unhealthy)
        self._traffic = TrafficBook()
        self._balancers = Balancers(
            self._loop,
            self._books.of_arn,
            traffic=self._traffic,
            logs=AccessLogs(self.client),
            now=self.clock.now,
        )
        self._change_moto()
        self._registry = self._make_registry()
        events: queue.SimpleQueue[RuntimeEvent] = queue.SimpleQueue()
        self._runtime, door = make_runtime(
            self.container_engine,
            loop=self._loop,
            clock=self.clock,
            report=events.put,
            owner=(self.instance_id, str(home or "")),
            clients=self.client,
        )
        self._session_book = SessionBook()
        self._sessions = SessionServer(self._loop, self._session_book, door)
        self._sessions.start()
        self._http = self._serve(listening, events)

    @property
    def speed(self) -> float:
        """Simulated seconds per real second."""
        return self.clock.speed

    def start(self) -> None:
        """Answer requests and let time run."""
        threading.Thread(target=self._http.serve_forever, name="endpoint", daemon=True).start()
        self._scheduler.start()
        threading.Thread(target=self._warm_up, name="warm-up", daemon=True).start()

    def stop(self) -> None:
        """End everything that runs and free every port."""
        self._http.shutdown()
        self._http.server_close()
        self._scheduler.stop()
        self._rules.close()
        self._sessions.stop()
        self._runtime.close()
        if self._registry is not None:
            self._registry.close()
        self._balancers.close()
        self._books.close()
        self._loop.stop()

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of the own endpoint."""
        from botocore.config import Config  # noqa: PLC0415 - loaded when an alarm is first written

        key = (service, region)
        if key not in self._clients:
            session = isolated_session(region)
            self._clients[key] = session.client(
                service, endpoint_url=self.endpoint_url, config=Config(proxies={}, retries={"max_attempts": 1})
            )
        return self._clients[key]

    def _change_moto(self) -> None:
        from tinystacks.local.additions.installing import install  # noqa: PLC0415 - it loads moto

        install(self._balancers.open)

    def _make_registry(self) -> Registry | None:
        """Make the registry that ECR's repositories are in, where containers are real."""
        if self.container_engine is None:
            return None
        from tinystacks.local.registry.manifests import EcrManifests, install  # noqa: PLC0415 - only with containers
        from tinystacks.local.registry.server import Registry  # noqa: PLC0415 - as above

        folder = self._home or Path(tempfile.mkdtemp(prefix="tstack-registry-"))
        registry = Registry(EcrManifests(self._emulation), folder / "registry")
        install(registry.host)
        registry.start()
        return registry

    def _serve(self, listening: socket.socket, events: queue.SimpleQueue[RuntimeEvent]) -> BaseWSGIServer:
        from moto.moto_server.werkzeug_app import create_backend_app  # noqa: PLC0415 - seconds to load
        from werkzeug.serving import make_server  # noqa: PLC0415 - as above

        from tinystacks.local.additions.group_operations import GroupOperations  # noqa: PLC0415 - as above
        from tinystacks.local.additions.instance_refresh import InstanceRefreshes  # noqa: PLC0415 - as above
        from tinystacks.local.additions.policy_simulation import PolicySimulation  # noqa: PLC0415 - as above
        from tinystacks.local.additions.service_roles import ServiceRoles  # noqa: PLC0415 - as above
        from tinystacks.local.additions.tags import forget_tags_of_deleted  # noqa: PLC0415 - as above
        from tinystacks.local.additions.target_operations import TargetOperations  # noqa: PLC0415 - as above
        from tinystacks.local.appautoscaling_api.app import AppAutoscalingApi  # noqa: PLC0415 - as above
        from tinystacks.local.ecs_api.app import EcsApi  # noqa: PLC0415 - as above
        from tinystacks.local.endpoint import Endpoint  # noqa: PLC0415 - as above
        from tinystacks.local.group_policies import GroupPolicies  # noqa: PLC0415 - as above
        from tinystacks.local.group_watch import GroupWatch  # noqa: PLC0415 - as above
        from tinystacks.local.http_handler import handler_class  # noqa: PLC0415 - as above
        from tinystacks.local.json_api.wsgi import JsonEndpoint  # noqa: PLC0415 - as above
        from tinystacks.local.moto_door import MotoDoor  # noqa: PLC0415 - as above
        from tinystacks.local.planes import PlaneRegistry  # noqa: PLC0415 - as above
        from tinystacks.local.refusals import rules  # noqa: PLC0415 - as above
        from tinystacks.local.scheduler import Scheduler  # noqa: PLC0415 - as above
        from tinystacks.local.sessions.opening import Opener, PortSessionsApi  # noqa: PLC0415 - as above
        from tinystacks.local.throttled_api import ThrottledApi  # noqa: PLC0415 - as above
        from tinystacks.local.wall_time import WallTimeApi  # noqa: PLC0415 - as above

        self._clients: dict[tuple[str, str], Any] = {}
        planes = PlaneRegistry(
            surroundings=lambda region: MotoSurroundings(self._emulation, region), clock=self.clock.now
        )
        watch = GroupWatch(self._emulation, planes)
        refreshes = InstanceRefreshes(self._emulation, self.clock)
        recent = RecentDatapoints()
        metrics, logs = Metrics(self._emulation, self.clock, recent), TaskLogs(self._emulation)
        breaker = Breaker(
            book=self._failures,
            clock=self.clock,
            emulation=self._emulation,
            planes=planes,
            groups=watch,
            runtime=self._runtime,
        )
        self._scheduler = Scheduler(
            clock=self.clock,
            emulation=self._emulation,
            planes=planes,
            groups=watch,
            refreshes=refreshes,
            effects=EffectHandler(
                emulation=self._emulation,
                groups=watch,
                books=self._books,
                metrics=metrics,
                logs=logs,
                rules=self._rules,
                failures=self._failures,
                clients=self.client,
                report=events.put,
            ),
            books=self._books,
            balancers=self._balancers,
            traffic=self._traffic,
            metrics=metrics,
            usage=UsageReports(planes, metrics),
            alarms=AlarmWatch(self._emulation, planes, recent, GroupPolicies(self._emulation)),
            logs=logs,
            failures=self._failures,
            breaker=breaker,
            runtime=self._runtime,
            events=events,
        )
        opener = Opener(self._sessions, self._session_book, ExecRights(self._emulation))
        targets = TargetOperations(self._emulation, self._books, self.clock)
        group_operations = GroupOperations(self._emulation)
        endpoint = Endpoint(
            own=JsonEndpoint(
                [
                    ThrottledApi(
                        WallTimeApi(EcsApi(planes, sessions=opener), "ecs", self.clock), self._failures.throttles
                    ),
                    WallTimeApi(AppAutoscalingApi(planes), "application-autoscaling", self.clock),
                ],
                single=dict.fromkeys(PortSessionsApi.targets, PortSessionsApi(opener, self._session_book, planes)),
                signing_names=("ecs", "application-autoscaling"),
                default_region=DEFAULT_REGION,
            ),
            moto=MotoDoor(create_backend_app),
            emulation=self._emulation,
            operations={
                ("autoscaling", "CancelInstanceRefresh"): refreshes.cancel,
                ("autoscaling", "CompleteLifecycleAction"): group_operations.complete_hook,
                ("autoscaling", "DescribeInstanceRefreshes"): refreshes.describe,
                ("autoscaling", "DescribeLifecycleHooks"): group_operations.hooks,
                ("autoscaling", "DescribeScalingActivities"): group_operations.activities,
                ("autoscaling", "PutScalingPolicy"): group_operations.put_policy,
                ("autoscaling", "StartInstanceRefresh"): refreshes.start,
                ("autoscaling", "TerminateInstanceInAutoScalingGroup"): group_operations.terminate,
                ("elbv2", "DeregisterTargets"): targets.deregister,
                ("elbv2", "DescribeTargetHealth"): targets.health,
                ("elbv2", "RegisterTargets"): targets.register,
                ("iam", "CreateServiceLinkedRole"): ServiceRoles(self._emulation).create,
                ("iam", "SimulatePrincipalPolicy"): PolicySimulation(self._emulation).simulate,
            },
            rules={
                **rules(),
                ("ec2", "DescribeTags"): forget_tags_of_deleted,
                ("resourcegroupstaggingapi", "GetResources"): forget_tags_of_deleted,
            },
            observe=watch.observe,
            control=ControlApi(status=self._status, set_speed=self._set_speed, breaker=breaker),
        )
        host, port = listening.getsockname()[:2]
        return make_server(host, port, endpoint, threaded=True, request_handler=handler_class(), fd=listening.fileno())

    def _status(self) -> Mapping[str, Any]:
        return {
            "endpoint_url": self.endpoint_url,
            "pid": os.getpid(),
            "runtime": self.runtime_name,
            "speed": self.speed,
            "instance_id": self.instance_id,
            "now": self.clock.now(),
        }

    def _set_speed(self, speed: float) -> None:
        """Run time at another speed, and write it where `tstack local status` reads it."""
        self.clock.set_speed(speed)
        if self._home is not None:
            StateFolder(self._home).change(speed=speed)

    def _warm_up(self) -> None:
        """Load in the background what the first `up` will need."""
        for service in _WARM_SERVICES:
            with suppress(KeyError):
                self._emulation.backend(service, "aws" if service in {"iam", "sts"} else DEFAULT_REGION)
