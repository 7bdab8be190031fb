"""RegisterTargets, DeregisterTargets and DescribeTargetHealth, over the local AWS's own targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.call import RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.call import AwsCall
    from tinystacks.local.clock import SpeededClock
    from tinystacks.local.emulation import Emulation
    from tinystacks.local.target_books import TargetBooks
    from tinystacks.local.targets import Target


class TargetOperations:
    """The three operations.

    Args:
        emulation: moto, which knows the target groups.
        books: the targets.
        clock: simulated time.
    """

    def __init__(self, emulation: Emulation, books: TargetBooks, clock: SpeededClock) -> None:
        self._emulation = emulation
        self._books = books
        self._clock = clock

    def register(self, call: AwsCall) -> dict[str, Any]:
        """RegisterTargets."""
        group = self._group(call)
        for wanted in call.given("Targets"):
            target_id, port = str(wanted["Id"]), int(wanted.get("Port") or group.port or 80)
            if group.target_type == "instance":
                self._refuse_unknown_instance(call.region, target_id)
            self._books.of(call.region).register(
                str(group.arn), target_id, port, address=self._books.address(target_id, port), now=self._clock.now()
            )
        return {}

    def deregister(self, call: AwsCall) -> dict[str, Any]:
        """DeregisterTargets; without a port every port of the target goes."""
        group = self._group(call)
        for wanted in call.given("Targets"):
            port = wanted.get("Port")
            self._books.of(call.region).deregister(
                str(group.arn), str(wanted["Id"]), None if port is None else int(port), now=self._clock.now()
            )
        return {}

    def health(self, call: AwsCall) -> dict[str, Any]:
        """DescribeTargetHealth; a target asked for that is not registered is told as unused."""
        group = self._group(call)
        targets = self._books.of(call.region).describe(str(group.arn))
        asked = call.given("Targets")
        if not asked:
            return {"TargetHealthDescriptions": [_description(one, group) for one in targets]}
        return {"TargetHealthDescriptions": [text for one in asked for text in _asked(one, targets, group)]}

    def _group(self, call: AwsCall) -> Any:
        arn = str(call.parameters.get("TargetGroupArn"))
        group = self._emulation.elbv2(call.region).target_groups.get(arn)
        if group is None:
            raise RefusalError("TargetGroupNotFound", "One or more target groups not found")
        return group

    def _refuse_unknown_instance(self, region: str, instance_id: str) -> None:
        reservations = self._emulation.ec2(region).reservations.values()
        known = (one for reservation in list(reservations) for one in reservation.instances)
        if not any(one.id == instance_id and one.state == "running" for one in known):
            raise RefusalError(
                "InvalidTarget",
                f"The following targets are not in a running state and cannot be registered: '{instance_id}'",
            )


def _asked(wanted: Mapping[str, Any], targets: list[Target], group: Any) -> list[dict[str, Any]]:
    port = wanted.get("Port")
    found = [one for one in targets if one.target_id == wanted["Id"] and (port is None or one.port == int(port))]
    if found:
        return [_description(one, group) for one in found]
    return [
        {
            "Target": {"Id": wanted["Id"], "Port": int(port or group.port or 80)},
            "TargetHealth": {
                "State": "unused",
                "Reason": "Target.NotRegistered",
                "Description": "Target is not registered to the target group",
            },
        }
    ]


def _description(target: Target, group: Any) -> dict[str, Any]:
    check_port = str(group.health_check_port or "traffic-port")
    health = {"State": target.state, "Reason": target.reason, "Description": target.description}
    return {
        "Target": {"Id": target.target_id, "Port": target.port},
        "HealthCheckPort": check_port if check_port.isdigit() else str(target.port),
        "TargetHealth": {name: text for name, text in health.items() if text},
    }
