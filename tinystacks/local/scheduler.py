"""The scheduler's loop: it tells the control planes what happened, moves their clock, and has done what they ask.

One turn, for each region in use:
1. Auto Scaling groups keep their size; what changed is told to the plane.
2. Load balancers and target groups are read; drainings end; changes of target health are told.
3. What the runtime reported is told.
4. The plane steps to the present simulated time.
5. Its effects are carried out, with no lock of the plane held.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from tinystacks.local.balancing_view import load_balancers, target_groups
from tinystacks.local.metrics import MINUTE_SECONDS
from tinystacks.local.runtime.base import Health, LogLine, PullFailed, PullStarted, PullStopped, Started, Stopped
from tinystacks.local.traffic import Path, merged

if TYPE_CHECKING:
    from tinystacks.controlplane.plane import ControlPlane
    from tinystacks.local.additions.instance_refresh import InstanceRefreshes
    from tinystacks.local.alarm_watch import AlarmWatch
    from tinystacks.local.balancer.balancers import Balancers
    from tinystacks.local.clock import SpeededClock
    from tinystacks.local.effect_handler import EffectHandler
    from tinystacks.local.emulation import Emulation
    from tinystacks.local.failures.book import FailureBook
    from tinystacks.local.failures.breaking import Breaker
    from tinystacks.local.group_watch import GroupWatch
    from tinystacks.local.listener_rules import LoadBalancer
    from tinystacks.local.metrics import Metrics
    from tinystacks.local.planes import PlaneRegistry
    from tinystacks.local.runtime.base import Runtime, RuntimeEvent
    from tinystacks.local.target_books import TargetBooks
    from tinystacks.local.task_logs import TaskLogs
    from tinystacks.local.traffic import TrafficBook
    from tinystacks.local.usage import UsageReports

_log = logging.getLogger(__name__)

THIRD_SECONDS = MINUTE_SECONDS / 3
TURN_SECONDS = 0.05
"""Real time between two turns: one simulated second at speed 20."""


class Scheduler:
    """The loop over all regions; see the module.

    Args:
        clock: simulated time.
        emulation: moto.
        planes: the control planes.
        groups: watch of the Auto Scaling groups.
        refreshes: instance refreshes that run.
        effects: carries out what planes ask.
        books: the targets.
        balancers: the load balancers' ports.
        traffic: counted requests.
        metrics: CloudWatch datapoints.
        usage: CPU and memory of services.
        alarms: the user's alarms.
        logs: the containers' lines.
        failures: what is broken.
        breaker: keeps it broken.
    """

    def __init__(
        self,
        *,
        clock: SpeededClock,
        emulation: Emulation,
        planes: PlaneRegistry,
        groups: GroupWatch,
        refreshes: InstanceRefreshes,
        effects: EffectHandler,
        books: TargetBooks,
        balancers: Balancers,
        traffic: TrafficBook,
        metrics: Metrics,
        usage: UsageReports,
        alarms: AlarmWatch,
        logs: TaskLogs,
        failures: FailureBook,
        breaker: Breaker,
        runtime: Runtime,
        events: queue.SimpleQueue[RuntimeEvent],
    ) -> None:
        self._clock = clock
        self._emulation = emulation
        self._planes = planes
        self._groups = groups
        self._refreshes = refreshes
        self._effects = effects
        self._books = books
        self._balancers = balancers
        self._traffic = traffic
        self._metrics = metrics
        self._usage = usage
        self._alarms = alarms
        self._logs = logs
        self._failures = failures
        self._breaker = breaker
        self._unheard: list[RuntimeEvent] = []
        self._runtime = runtime
        self._events = events
        self._seen_balancers: dict[str, dict[str, LoadBalancer]] = {}
        self._next_minute = clock.now() + MINUTE_SECONDS
        self._next_third = clock.now() + THIRD_SECONDS
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Start the loop in its thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the loop after the turn that runs."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        while not self._ended.wait(TURN_SECONDS):
            try:
                self.turn()
            except Exception:  # noqa: BLE001 - one bad turn must not end the local AWS; it is logged with its trace
                _log.exception("a turn of the scheduler failed; the next one goes on")

    def turn(self) -> None:
        """One turn over all regions."""
        now = self._clock.now()
        happened = self._happened()
        for region in self._regions():
            self._turn(region, happened.get(region, []), now)
        merged = {arn: one for seen in self._seen_balancers.values() for arn, one in seen.items()}
        self._balancers.sync(merged)
        if now >= self._next_third:
            self._next_third = now + THIRD_SECONDS
            for region in self._planes.regions():
                self._usage.tell_often(region, self._runtime, now)
        if now >= self._next_minute:
            self._next_minute = now + MINUTE_SECONDS
            self._minute(now)
        self._logs.flush()

    def _regions(self) -> list[str]:
        used = dict.fromkeys(self._planes.regions())
        for service in ("autoscaling", "elbv2"):
            used |= dict.fromkeys(
                region for region, backend in self._emulation.used_regions(service) if _holds(backend)
            )
        return list(used)

    def _turn(self, region: str, happened: list[RuntimeEvent], now: float) -> None:
        self._breaker.turn(region, now)
        self._effects.release(region, self._runtime, now)
        self._refreshes.step(region, now)
        self._groups.maintain(region)
        self._groups.observe(region)
        book = self._books.of(region)
        with self._emulation.lock:
            backend = self._emulation.elbv2(region)
            groups = target_groups(backend)
            self._seen_balancers[region] = load_balancers(backend)
        book.set_groups(groups)
        book.advance(now)
        with self._planes.locked(region) as plane:
            for change in book.take_changes():
                plane.target_health(
                    change.target_group_arn,
                    change.target_id,
                    change.port,
                    change.state,
                    change.reason,
                    change.description,
                )
            for event in happened:
                self._tell(plane, event)
            prepared = self._effects.prepare(plane, plane.step(now), region)
            self._groups.note_drained_groups(plane)
            gone = self._gone(plane, region)
        for effect in prepared:
            self._effects.carry_out(effect, region, self._runtime, now)
        if gone:
            self._runtime.instance_gone(gone)

    def _happened(self) -> dict[str, list[RuntimeEvent]]:
        """What the runtime reported since the last turn, by region."""
        found: dict[str, list[RuntimeEvent]] = defaultdict(list)
        waiting, self._unheard = self._unheard, []
        while True:
            try:
                event = waiting.pop(0) if waiting else self._events.get_nowait()
            except queue.Empty:
                return found
            if isinstance(event, LogLine):
                self._logs.add(event.task_id, event.container, event.text)
                continue
            region = self._effects.region_of(event.task_id)
            if region is None:
                continue
            if self._failures.is_silent(event.task_id):
                self._unheard.append(event)
                continue
            found[region].append(event)

    def _tell(self, plane: ControlPlane, event: RuntimeEvent) -> None:
        task = plane.state.tasks.get(event.task_id)
        if task is None:
            return
        match event:
            case PullStarted():
                plane.pull_started(event.task_id)
            case PullStopped():
                plane.pull_stopped(event.task_id)
            case Started():
                instance = task.container_instance
                known_as = task.private_ip or (instance.ec2_instance_id if instance is not None else "")
                awsvpc = bool(task.private_ip)
                for container_port, host_port in event.host_ports.items():
                    port = container_port if awsvpc else host_port
                    address = event.addresses[container_port]
                    self._books.place(known_as, port, task_id=event.task_id, address=address)
                plane.container_started(
                    event.task_id, event.container, event.host_ports, event.runtime_id, event.image_digest
                )
            case Stopped():
                plane.container_stopped(event.task_id, event.container, event.exit_code, event.reason)
            case PullFailed():
                plane.pull_failed(event.task_id, event.container, event.message)
            case Health():
                broken = self._failures.is_unhealthy(event.task_id)
                plane.container_health(event.task_id, event.container, "UNHEALTHY" if broken else event.status)
            case LogLine():
                pass

    def _gone(self, plane: ControlPlane, region: str) -> tuple[str, ...]:
        """Tasks that ended; what the runtime still holds of them was on an instance that is gone."""
        ended: list[str] = []
        for task_id in self._effects.tasks_in(region):
            task = plane.state.tasks.get(task_id)
            if task is None or task.last_status == "STOPPED":
                ended.append(task_id)
                self._effects.forget(task_id)
        return tuple(ended)

    def _minute(self, now: float) -> None:
        """Write the metrics of a simulated minute."""
        counts = self._traffic.take()
        for region in {path.load_balancer_arn.split(":")[3] for path in counts}:
            here = {path: count for path, count in counts.items() if path.load_balancer_arn.split(":")[3] == region}
            self._metrics.put_traffic(region, here, now)
        by_group = merged(counts, groups=True, zones=False)
        connections = self._balancers.connections()
        for region, seen in list(self._seen_balancers.items()):
            book = self._books.of(region)
            zones = self._usage.zones(region)
            for arn, balancer in seen.items():
                self._metrics.put_connections(region, arn, connections.get(arn, 0), now)
                for group_arn in balancer.target_group_arns():
                    path = Path(arn, group_arn)
                    requests = by_group[path].requests if path in by_group else 0
                    self._metrics.put_hosts(region, path, book.describe(group_arn), zones, now)
                    if requests and (targets := len(book.routable(group_arn))):
                        self._metrics.put_per_target(region, path, requests, targets, now)
                    self._usage.tell_requests(region=region, path=path, requests=requests, book=book, now=now)
            self._usage.tell_services(region, self._runtime, now)
        self._alarms.look(now)


def _holds(backend: object) -> bool:
    """Whether a backend has anything that the scheduler looks after."""
    return any(getattr(backend, name, None) for name in ("autoscaling_groups", "load_balancers", "target_groups"))
