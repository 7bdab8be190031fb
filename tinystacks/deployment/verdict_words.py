"""Why a service's deployment did not become steady, in one sentence that ends with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def replaced_words(serving: str, typed: str) -> str:
    """Say that another deployment took the place of the one that was asked for.

    Args:
        serving: ARN of the revision that ECS deploys now.
        typed: the stage as it is typed behind a command.
    """
    return (
        f"replaced by another deployment, which somebody ordered meanwhile: ECS deploys {_revision(serving)} now; "
        f"`tstack up {typed}` deploys what the file says again"
    )


def rolled_back_words(why: str, serving: str) -> str:
    """Say that ECS went back.

    Args:
        why: ECS's own words; empty when it gave none.
        serving: ARN of the revision that serves again.
    """
    return f"ECS went back to {_revision(serving)}" + (f": {why}" if why else "")


def rollback_failed_words(why: str, deployments: Iterable[Mapping[str, Any]], typed: str) -> str:
    """Say that ECS could not go back.

    A target group is changed in its place, so that the version before is checked at the new version's path.

    Args:
        why: ECS's own words.
        deployments: of the service, in the form of DescribeServices: what runs now.
        typed: the stage as it is typed behind a command.
    """
    running = _running(deployments)
    now = f"running now: {running}" if running else "nothing runs now"
    return f"the rollback failed: {why.rstrip('.')} ({now}); {_all_of_it(typed)}"


def too_late_words(seconds: int, typed: str, *, rolling_back: bool, paused: str = "") -> str:
    """Say that the time is over.

    Args:
        seconds: that were given.
        typed: the stage as it is typed behind a command.
        rolling_back: whether ECS is on its way back.
        paused: where a lifecycle hook holds the deployment and how it goes on; empty when none does.
    """
    late = f"not steady after {seconds} s (`rolling_update.deadline`)" + (f"; {paused}" if paused else "")
    return f"{late}; ECS is still going back: {_all_of_it(typed)}" if rolling_back else late


def first_failed_words(why: str, deployments: Iterable[Mapping[str, Any]], typed: str) -> str:
    """Say that a deployment failed before which no other had completed (trap B5).

    Args:
        why: ECS's own words; empty when it gave none.
        deployments: of the service, in the form of DescribeServices: what runs now.
        typed: the stage as it is typed behind a command.
    """
    reason = (why or "ECS gave the deployment up").rstrip(".")
    running = _running(deployments)
    now = f" (running now: {running})" if running else ", so nothing serves"
    advice = f"mend what the causes say and run `tstack up {typed}` again"
    return f"{reason}; there is no steady version to return to{now}: {advice}"


def _all_of_it(typed: str) -> str:
    return (
        f"`tstack rollback {typed}` brings back all settings of the version before, also those that ECS leaves as they "
        "are, such as `health_check.path`"
    )


def _running(deployments: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{int(one['runningCount'])} of {_revision(str(one.get('taskDefinition', '')))}"
        for one in deployments
        if one.get("runningCount")
    )


def _revision(arn: str) -> str:
    return arn.rpartition("/")[2]
