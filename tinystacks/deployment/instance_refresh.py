"""Instance refreshes: an Auto Scaling group replaces its instances, one after another, and ECS drains each first.

Source: EC2 Auto Scaling user guide, "Instance refresh"; API reference, InstanceRefresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.events import Notice, Warned
from tinystacks.deployment.patience import Patience
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.deployment.events import OnEvent
    from tinystacks.deployment.pace import Pace

AUTO_SCALING_GROUP = "aws:autoscaling/group:Group"
_UNDER_WAY = frozenset({"Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"})
_SLOW_SECONDS = 1800.0
"""Seconds without any progress after which that is told; ECS lets a task stop for as long as its `stopTimeout`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRefresh:
    """One instance refresh of an Auto Scaling group.

    Attributes:
        id: of the refresh.
        status: as EC2 Auto Scaling says it, such as `InProgress` or `Successful`.
        reason: why it is as it is; often empty.
        percent: of the instances that are done.
        to_go: instances that are not.
    """

    id: str
    status: str
    reason: str = ""
    percent: int = 0
    to_go: int = 0

    @property
    def under_way(self) -> bool:
        """Whether it goes on."""
        return self.status in _UNDER_WAY

    @property
    def good(self) -> bool:
        """Whether all instances were replaced."""
        return self.status == "Successful"

    @property
    def words(self) -> str:
        """How far it is."""
        count = f"{self.to_go} instance{'' if self.to_go == 1 else 's'} to go"
        return f"instance refresh {self.percent} % done, {count}" + (f" ({self.reason})" if self.reason else "")

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data."""
        return {
            "id": self.id,
            "status": self.status,
            "reason": self.reason,
            "percent_complete": self.percent,
            "instances_to_update": self.to_go,
        }


def newest_refresh(autoscaling: Any, group: str) -> InstanceRefresh | None:
    """Give the newest instance refresh of a group; AWS keeps them for six weeks.

    Raises:
        AwsError: EC2 Auto Scaling refuses.
    """
    found = _newest(autoscaling, group)
    return None if found is None else _read(found)


def tell_refresh(autoscaling: Any, group: str, typed: str, emit: OnEvent) -> None:
    """Tell an instance refresh that a change of the group has begun and that nobody waits for.

    Args:
        autoscaling: boto3 client.
        group: name of the Auto Scaling group; empty on Fargate.
        typed: the stage as it is typed behind a command.
        emit: receives events.
    """
    try:
        found = newest_refresh(autoscaling, group) if group else None
    except AwsError:
        return  # the services' verdict does not depend on it
    if found is not None and found.under_way:
        emit(
            Notice(
                message=f"The instances are being replaced, one after another: {found.words}. "
                f"`tstack instances {typed}` shows how far that is."
            )
        )


def start_refresh(autoscaling: Any, group: str) -> None:
    """Have a group replace the instances that differ from its launch template, as its last refresh was to do.

    Args:
        autoscaling: boto3 client.
        group: name of the Auto Scaling group.

    Raises:
        AwsError: EC2 Auto Scaling refuses.
    """
    last = _newest(autoscaling, group) or {}
    given: Mapping[str, Any] = last.get("Preferences") or {}
    preferences = {name: value for name, value in given.items() if value is not None}
    try:
        with aws_errors("autoscaling", f"instance refresh of {group}"):
            autoscaling.start_instance_refresh(
                AutoScalingGroupName=group,
                Strategy="Rolling",
                Preferences={**preferences, "SkipMatching": True},
            )
    except AwsError as error:
        if error.code != "InstanceRefreshInProgress":
            raise


def cancel_refresh(autoscaling: Any, group: str) -> bool:
    """Stop the instance refresh that is under way; instances that were replaced stay.

    Returns:
        Whether one was.

    Raises:
        AwsError: EC2 Auto Scaling refuses.
    """
    running = newest_refresh(autoscaling, group)
    if running is None or not running.under_way:
        return False
    try:
        with aws_errors("autoscaling", f"instance refresh of {group}"):
            autoscaling.cancel_instance_refresh(AutoScalingGroupName=group)
    except AwsError as error:
        if error.code == "ActiveInstanceRefreshNotFound":
            return False
        raise
    return True


def follow_refresh(
    autoscaling: Any, group: str, *, pace: Pace, emit: OnEvent, check: Callable[[], None]
) -> InstanceRefresh | None:
    """Wait for the end of the newest instance refresh, and tell how far it is.

    Args:
        autoscaling: boto3 client.
        group: name of the Auto Scaling group.
        pace: time.
        emit: receives events.
        check: raises when the user does not want to wait any longer.

    Returns:
        The refresh after its end; none when there is none.

    Raises:
        AwsError: EC2 Auto Scaling refuses, or has not answered for two minutes.
    """
    seen: list[InstanceRefresh | None] = [None]
    patience = Patience(pace, emit)
    told, told_at = "", pace.clock()

    def look() -> None:
        seen[0] = newest_refresh(autoscaling, group)

    while True:
        check()
        patience.look(look)
        found = seen[0]
        if found is None or not found.under_way:
            return found
        if found.words != told:
            emit(Notice(message=f"{found.words[0].upper()}{found.words[1:]}."))
            told, told_at = found.words, pace.clock()
        elif pace.clock() - told_at > _SLOW_SECONDS:
            emit(
                Warned(
                    message=f"Nothing has changed for {_SLOW_SECONDS / 60:.0f} minutes: {found.words}.",
                    hint="`tstack status` shows the tasks that have to leave an instance first.",
                )
            )
            told_at = pace.clock()
        pace.sleep(pace.poll)


def _newest(autoscaling: Any, group: str) -> Mapping[str, Any] | None:
    with aws_errors("autoscaling", f"instance refreshes of {group}"):
        answer = autoscaling.describe_instance_refreshes(AutoScalingGroupName=group, MaxRecords=1)
    return next(iter(answer.get("InstanceRefreshes", [])), None)


def _read(found: Mapping[str, Any]) -> InstanceRefresh:
    with aws_errors("autoscaling", "instance refresh"):
        return InstanceRefresh(
            id=str(found["InstanceRefreshId"]),
            status=str(found["Status"]),
            reason=str(found.get("StatusReason") or ""),
            percent=int(found.get("PercentageComplete") or 0),
            to_go=int(found.get("InstancesToUpdate") or 0),
        )
