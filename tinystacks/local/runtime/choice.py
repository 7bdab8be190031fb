"""Which runtime runs the tasks: containers where an engine answers, simulated ones elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.local.clock import SpeededClock
    from tinystacks.local.loop_thread import LoopThread
    from tinystacks.local.runtime.base import Runtime, RuntimeEvent
    from tinystacks.local.runtime.docker_engine import Engine
    from tinystacks.local.sessions.process import Containers


def choose_engine(asked: str | None) -> Engine | None:
    """The container engine that runs tasks; None to simulate them.

    Args:
        asked: `docker`, `simulated`, or None to use an engine where one answers within a second.

    Raises:
        LocalAwsError: what was asked for is not there.
    """
    if asked == "simulated":
        return None
    if asked not in {None, "docker"}:
        raise LocalAwsError(f"the local AWS has no runtime {asked!r}", hint="Use `docker` or `simulated`.")
    from tinystacks.local.runtime.docker_engine import find_engine  # noqa: PLC0415 - beside its only use

    found = find_engine()
    if found is None and asked == "docker":
        raise LocalAwsError(
            "no container engine answers, so the runtime docker cannot run",
            hint="Start Docker, or `podman system service --time=0`, or set DOCKER_HOST; or use `--runtime simulated`.",
        )
    return found


def make_runtime(
    engine: Engine | None,
    *,
    loop: LoopThread,
    clock: SpeededClock,
    report: Callable[[RuntimeEvent], None],
    owner: tuple[str, str],
    clients: Callable[[str, str], Any],
) -> tuple[Runtime, Containers]:
    """Make the runtime, and the way into its containers.

    Args:
        engine: from `choose_engine`.
        loop: thread in which simulated tasks run.
        clock: simulated time.
        report: receives what happens.
        owner: id of this life of the local AWS, and its state folder, by which leftover containers are known.
        clients: boto3 client of the own endpoint by service and region, for secrets.
    """
    if engine is None:
        from tinystacks.local.runtime.simulated import SimulatedRuntime  # noqa: PLC0415 - only when it is chosen

        simulated = SimulatedRuntime(loop, clock, report)
        return simulated, simulated
    from tinystacks.local.runtime.docker import DockerRuntime  # noqa: PLC0415 - only when it is chosen
    from tinystacks.local.runtime.docker_exec import DockerDoor  # noqa: PLC0415 - as above
    from tinystacks.local.runtime.docker_labels import Owner  # noqa: PLC0415 - as above
    from tinystacks.local.secret_values import SecretValues  # noqa: PLC0415 - as above

    instance_id, home = owner
    runtime = DockerRuntime(
        engine,
        owner=Owner(instance_id=instance_id, home=home),
        secrets=SecretValues(clients),
        clock=clock,
        report=report,
    )
    return runtime, DockerDoor(engine)
