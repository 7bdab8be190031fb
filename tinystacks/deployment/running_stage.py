"""What can be done with services that run, besides changing what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment import service_orders
from tinystacks.deployment.events import ignore
from tinystacks.deployment.interrupt import run_in_worker
from tinystacks.deployment.one_off import OneOff, run_once
from tinystacks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.events import OnEvent
    from tinystacks.deployment.one_off import TaskRun
    from tinystacks.deployment.results import UpResult
    from tinystacks.outputs import StageOutputs

T = TypeVar("T")


class RunningStage:
    """The services of one deployed stage; from `Deployment.running()`.

    Args:
        context: the stage.
        outputs: names its services.
    """

    def __init__(self, context: StageContext, outputs: StageOutputs) -> None:
        self._context = context
        self._outputs = outputs

    def restart(self, on_event: OnEvent = ignore, *, services: Iterable[str] = ()) -> UpResult:
        """Replace all tasks by new ones of the same revision, and follow that to its end.

        Args:
            on_event: receives progress.
            services: which; all by default.

        Raises:
            LockedError: someone else changes this stage.
            TinystacksError: anything else.
        """
        chosen = list(services)
        return self._run(lambda emit: service_orders.restart(self._context, self._outputs, chosen, emit), on_event)

    def scale(self, counts: Mapping[str, int], on_event: OnEvent = ignore) -> UpResult:
        """Set how many tasks run now, within the limits of the file, and follow that to its end.

        Args:
            counts: tasks by service.
            on_event: receives progress.

        Raises:
            UsageError: a number is outside of its service's limits.
            LockedError: someone else changes this stage.
        """
        return self._run(lambda emit: service_orders.scale(self._context, self._outputs, counts, emit), on_event)

    def cancel_rollout(self, on_event: OnEvent = ignore) -> UpResult:
        """Stop deployments that are under way, and follow the way back to what ran before.

        The result is `unchanged` when none was under way.
        """
        return self._run(lambda emit: service_orders.cancel_rollout(self._context, self._outputs, emit), on_event)

    def run(self, service: str, command: Sequence[str], on_event: OnEvent = ignore) -> TaskRun:
        """Run one task with a service's task definition, network and rights, to its end.

        Args:
            service: name in the file.
            command: replaces the image's CMD; empty runs the service's own.
            on_event: receives progress, and the task's log as `ContainerOutput`.

        Raises:
            UsageError: there is no such service.
            InterruptedByUserError: the user ended it; the task is stopped.
        """
        known = self._outputs.services.get(service)
        if known is None:
            raise UsageError(
                f"stage `{self._outputs.stage}` runs no service `{service}`",
                hint=f"It runs {', '.join(sorted(self._outputs.services))}.",
            )

        def work(emit: OnEvent) -> TaskRun:
            cluster = self._outputs.cluster_name
            live = service_orders.live_services(self._context, cluster, {service: known})[service]
            with aws_errors("ecs", f"service `{service}`"):
                task_definition = str(live["taskDefinition"])
            order = OneOff(
                service=service,
                cluster=cluster,
                task_definition=task_definition,
                container=known.container_name,
                log_group=known.log_group,
                command=command,
                strategy=live.get("capacityProviderStrategy") or (),
                network=live.get("networkConfiguration"),
            )
            return run_once(self._context, order, emit)

        return self._run(work, on_event)

    def _run(self, work: Callable[[OnEvent], T], on_event: OnEvent) -> T:
        return run_in_worker(work, on_event=on_event, interrupt=self._context.interrupt)
