"""Roles of instances, by the profile that their launch template names: moto's groups give their instances none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.ec2.models import EC2Backend


def give_profile(ec2: EC2Backend, instance_id: str, named: Mapping[str, Any]) -> None:
    """Give a new instance a profile, unless that was deleted meanwhile.

    Args:
        ec2: moto's EC2 of the region; whoever changes it holds moto's lock.
        instance_id: the instance.
        named: `IamInstanceProfile` of the launch template: an `Arn` or a `Name`; may be empty.
    """
    from moto.core.exceptions import ServiceException  # noqa: PLC0415 - moto takes seconds to load

    arn, name = named.get("Arn"), named.get("Name")
    if (arn or name) and instance_id not in ec2.iam_instance_profile_associations:
        try:
            ec2.associate_iam_instance_profile(
                instance_id, iam_instance_profile_arn=arn, iam_instance_profile_name=name
            )
        except ServiceException:
            return


def role_of_instance(ec2: EC2Backend, instance_id: str) -> Any:
    """The role of an instance's profile, as moto keeps it; None when it has none.

    Args:
        ec2: moto's EC2 of the region.
        instance_id: the instance.
    """
    found = ec2.iam_instance_profile_associations.get(instance_id)
    profile: Any = found.iam_instance_profile if found is not None else None
    return next(iter(profile.roles), None) if profile is not None else None
