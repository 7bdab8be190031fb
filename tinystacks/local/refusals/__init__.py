"""What AWS refuses and moto accepts, with AWS's error codes and texts.

A run against the local AWS shall prove something: an order of deletes that AWS would not take must fail here too. The
refusals of ECS itself are the control plane's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.local.call import AwsCall
    from tinystacks.local.emulation import Emulation

    Rule = Callable[[AwsCall, Emulation], None]


def rules() -> Mapping[tuple[str, str], Rule]:
    """Every rule by service and operation; a rule raises `RefusalError` or does nothing."""
    from tinystacks.local.refusals import access_logs, autoscaling, ec2, elbv2  # noqa: PLC0415 - they load moto

    return {
        **{("autoscaling", operation): rule for operation, rule in autoscaling.RULES.items()},
        **{("ec2", operation): rule for operation, rule in ec2.RULES.items()},
        **{("elbv2", operation): rule for operation, rule in (elbv2.RULES | access_logs.RULES).items()},
    }
