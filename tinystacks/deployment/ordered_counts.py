"""Numbers of tasks that were ordered, and whether something else has set them since.

Application Auto Scaling sets the number of a service whenever one of its alarms says so, also while an order to run
more tasks is still waited for; ECS then reaches a steady state with another number than the one that was asked for.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.ecs_calls import describe_services
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.outputs import StageOutputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescaled:
    """A number of tasks that does not hold any more.

    Attributes:
        service: name in the file.
        asked: the number that was ordered.
        now: the number that was set since.
        by: `autoscaling`, or empty when something else set it.
        cause: Application Auto Scaling's words; empty when something else set it.
    """

    service: str
    asked: int
    now: int
    by: str = ""
    cause: str = ""

    @property
    def words(self) -> str:
        """The same as one sentence."""
        who, why = self.by or "something else", f" ({self.cause})" if self.cause else ""
        return f"{self.service}: {self.asked} tasks were asked for; {who} has set the number to {self.now} since{why}."

    @property
    def advice(self) -> str:
        """What may be done about it."""
        if not self.by:
            return "`tstack events` may tell what did."
        return f"`services.{self.service}.tasks.min` in the file is the least that autoscaling keeps."

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data."""
        return asdict(self)


class OrderedCounts:
    """Numbers of tasks; made before they are ordered, so that what scaling did earlier is told from what it does later.

    Args:
        client: gives a boto3 client by service name.
        outputs: names the cluster and the services.
        counts: tasks by service in the file.
    """

    def __init__(self, client: Callable[[str], Any], outputs: StageOutputs, counts: Mapping[str, int]) -> None:
        self._client = client
        self._cluster = outputs.cluster_name
        self._names = {name: outputs.services[name].service_name for name in counts}
        self._counts = counts
        self._earlier = {name: self._last_activity(name).get("ActivityId") for name in counts}

    def set_since(self) -> tuple[Rescaled, ...]:
        """Give the numbers that something else has set since; a service that is gone has none.

        Raises:
            AwsError: ECS refuses to be read.
        """
        with aws_errors("ecs", "services of the stage"):
            found = describe_services(self._client("ecs"), self._cluster, list(self._names.values()))
            desired = {name: int(one["desiredCount"]) for name, one in found.items() if one.get("status") == "ACTIVE"}
        return tuple(
            self._rescaled(name, desired[service_name])
            for name, service_name in self._names.items()
            if desired.get(service_name, self._counts[name]) != self._counts[name]
        )

    def _rescaled(self, name: str, now: int) -> Rescaled:
        found = Rescaled(service=name, asked=self._counts[name], now=now)
        last = self._last_activity(name)
        is_new = last.get("ActivityId") not in {None, self._earlier[name]}
        if not is_new or not str(last.get("Description", "")).endswith(f"desired count to {now}."):
            return found
        return Rescaled(service=name, asked=found.asked, now=now, by="autoscaling", cause=str(last.get("Cause", "")))

    def _last_activity(self, name: str) -> Mapping[str, Any]:
        """Give what scaling did last; nothing when that cannot be read, since only the reason hangs on it."""
        try:
            with aws_errors("application-autoscaling", f"service `{name}`"):
                answer = self._client("application-autoscaling").describe_scaling_activities(
                    ServiceNamespace="ecs", ResourceId=f"service/{self._cluster}/{self._names[name]}", MaxResults=1
                )
        except AwsError:
            return {}
        activities: list[Mapping[str, Any]] = answer.get("ScalingActivities", [])
        return activities[0] if activities else {}
