"""Account settings: kept here, since the control plane behaves the same under all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane.errors import invalid_parameter

if TYPE_CHECKING:
    from tinystacks.local.ecs_api.shapes.common import Shape

_SWITCH = ("enabled", "disabled")
_VALUES: dict[str, tuple[str, ...]] = {
    "awsvpcTrunking": _SWITCH,
    "containerInsights": ("enabled", "disabled", "enhanced"),
    "containerInstanceLongArnFormat": _SWITCH,
    "defaultLogDriverMode": ("non-blocking", "blocking"),
    "dualStackIPv6": _SWITCH,
    "fargateEventWindows": _SWITCH,
    "fargateFIPSMode": _SWITCH,
    "fargateTaskRetirementWaitPeriod": ("0", "7", "14"),
    "guardDutyActivate": ("on", "off"),
    "serviceLongArnFormat": _SWITCH,
    "tagResourceAuthorization": ("on", "off"),
    "taskLongArnFormat": _SWITCH,
}
"""Values that each setting may have (API PutAccountSetting)."""
_DEFAULTS = {
    "awsvpcTrunking": "disabled",
    "containerInsights": "disabled",
    "containerInstanceLongArnFormat": "enabled",
    "defaultLogDriverMode": "non-blocking",
    "fargateEventWindows": "disabled",
    "fargateFIPSMode": "disabled",
    "fargateTaskRetirementWaitPeriod": "7",
    "guardDutyActivate": "off",
    "serviceLongArnFormat": "enabled",
    "tagResourceAuthorization": "off",
    "taskLongArnFormat": "enabled",
}
_AWS_MANAGED = frozenset({"guardDutyActivate"})
"""Settings that only AWS changes (API PutAccountSetting)."""


class AccountSettings:
    """The settings of one region: those of principals, and the account's own.

    Args:
        root_arn: ARN of the account's root user, whose settings are those of everybody without own ones.
    """

    def __init__(self, root_arn: str) -> None:
        self._root_arn = root_arn
        self._set: dict[tuple[str, str], str] = {}

    def effective(self, name: str, principal_arn: str = "") -> str:
        """Give the value that counts: the principal's own, else the account's, else ECS's default."""
        own = self._set.get((principal_arn, name))
        return own or self._set.get((self._root_arn, name)) or _DEFAULTS.get(name, "disabled")

    def put(self, name: str, value: str, principal_arn: str = "") -> Shape:
        """Set a value.

        Raises:
            EcsError: the setting does not have this value, or only AWS may change it.
        """
        if name in _AWS_MANAGED:
            raise invalid_parameter(f"The {name} setting is managed by AWS and cannot be changed.")
        if value not in _VALUES.get(name, ()):
            raise invalid_parameter(f"You entered an invalid value for {name}: {', '.join(_VALUES.get(name, ()))}")
        self._set[principal_arn or self._root_arn, name] = value
        return self._shape(name, value, principal_arn or self._root_arn)

    def delete(self, name: str, principal_arn: str = "") -> Shape:
        """Take a principal's own value away; the answer shows what counts from now on."""
        principal_arn = principal_arn or self._root_arn
        self._set.pop((principal_arn, name), None)
        return self._shape(name, self.effective(name, principal_arn), principal_arn)

    def listed(self, principal_arn: str = "", *, effective: bool) -> list[Shape]:
        """Show the settings of a principal: only those set, or every one that counts."""
        principal_arn = principal_arn or self._root_arn
        if effective:
            return [self._shape(name, self.effective(name, principal_arn), principal_arn) for name in _DEFAULTS]
        return [self._shape(name, value, owner) for (owner, name), value in self._set.items() if owner == principal_arn]

    @staticmethod
    def _shape(name: str, value: str, principal_arn: str) -> Shape:
        kind = "aws_managed" if name in _AWS_MANAGED else "user"
        return {"name": name, "value": value, "principalArn": principal_arn, "type": kind}
