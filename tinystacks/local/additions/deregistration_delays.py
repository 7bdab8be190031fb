"""The longest deregistration delay, which moto takes for one too many.

Source: Elastic Load Balancing API reference, TargetGroupAttribute (0 to 3600 seconds).
"""

from __future__ import annotations

from typing import Any, cast

_KEY = "deregistration_delay.timeout_seconds"
LONGEST = 3600


def install() -> None:
    """Make moto take it, in this process; what is beyond is refused before moto is asked."""
    from moto.elbv2.models import ELBv2Backend  # noqa: PLC0415 - moto takes seconds to load

    backend = cast("Any", ELBv2Backend)
    modify: Any = backend.modify_target_group_attributes

    def modify_target_group_attributes(self: Any, target_group_arn: str, attributes: dict[str, Any]) -> None:
        longest = str(attributes.get(_KEY)) == str(LONGEST)
        modify(self, target_group_arn, {**attributes, _KEY: str(LONGEST - 1)} if longest else attributes)
        if longest:
            self.target_groups[target_group_arn].attributes[_KEY] = str(LONGEST)

    backend.modify_target_group_attributes = modify_target_group_attributes
