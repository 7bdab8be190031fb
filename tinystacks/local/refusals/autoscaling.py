"""EC2 Auto Scaling: bounds, names, templates, and groups that still have instances.

Sources: EC2 Auto Scaling API reference (ResourceInUse, AlreadyExists, ValidationError); user guide, troubleshooting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.call import RefusalError
from tinystacks.local.documents import structure
from tinystacks.local.groups import ZonedGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.call import AwsCall
    from tinystacks.local.emulation import Emulation

_FULLY_FORMED = "You must use a valid fully-formed launch template."


def create_group(call: AwsCall, emulation: Emulation) -> None:
    """The name is free, the bounds fit; subnets, the launch template and its instance profile exist."""
    name = str(call.parameters.get("AutoScalingGroupName"))
    if name in emulation.autoscaling(call.region).autoscaling_groups:
        raise RefusalError(
            "AlreadyExists",
            f"AutoScalingGroup by this name already exists - A group with the name {name} already exists",
        )
    minimum, maximum = int(call.parameters.get("MinSize") or 0), int(call.parameters.get("MaxSize") or 0)
    _refuse_bounds(minimum, maximum, call.parameters.get("DesiredCapacity"))
    _refuse_template(call, emulation)
    _refuse_subnets(call, emulation)


def update_group(call: AwsCall, emulation: Emulation) -> None:
    """The new bounds fit each other and the desired capacity; a new template exists."""
    group = _group(call, emulation)
    if group is None:
        return
    given = call.parameters
    minimum = int(given["MinSize"]) if given.get("MinSize") is not None else group.min_size or 0
    maximum = int(given["MaxSize"]) if given.get("MaxSize") is not None else group.max_size or 0
    _refuse_bounds(minimum, maximum, given.get("DesiredCapacity"))
    _refuse_template(call, emulation)
    _refuse_subnets(call, emulation)


def set_desired_capacity(call: AwsCall, emulation: Emulation) -> None:
    """The desired capacity lies within the bounds."""
    group = _group(call, emulation)
    desired = int(call.parameters.get("DesiredCapacity") or 0)
    if group is None:
        return
    if desired > (group.max_size or 0):
        raise RefusalError(
            "ValidationError",
            f"New SetDesiredCapacity value {desired} is above max value {group.max_size} for the AutoScalingGroup.",
        )
    if desired < (group.min_size or 0):
        raise RefusalError(
            "ValidationError",
            f"New SetDesiredCapacity value {desired} is below min value {group.min_size} for the AutoScalingGroup.",
        )


def delete_group(call: AwsCall, emulation: Emulation) -> None:
    """A group with instances goes only with `ForceDelete`, which waits for nothing."""
    group = _group(call, emulation)
    if group is None:
        return
    if call.parameters.get("ForceDelete"):
        group.deleting = True
        for state in list(group.instance_states):
            group.note_termination(state)
            group.finish_termination(state)
    elif group.instance_states:
        raise RefusalError(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
            "still in the group.",
        )


RULES = {
    "CreateAutoScalingGroup": create_group,
    "DeleteAutoScalingGroup": delete_group,
    "SetDesiredCapacity": set_desired_capacity,
    "UpdateAutoScalingGroup": update_group,
}


def _group(call: AwsCall, emulation: Emulation) -> ZonedGroup | None:
    name = str(call.parameters.get("AutoScalingGroupName"))
    group = emulation.autoscaling(call.region).autoscaling_groups.get(name)
    return group if isinstance(group, ZonedGroup) else None


def _refuse_bounds(minimum: int, maximum: int, desired: Any) -> None:
    if minimum > maximum:
        raise RefusalError(
            "ValidationError", f"Max bound, {maximum}, must be greater than or equal to min bound, {minimum}"
        )
    if desired is not None and not minimum <= int(desired) <= maximum:
        raise RefusalError(
            "ValidationError",
            f"Desired capacity:{desired} must be between the specified min size:{minimum} and max size:{maximum}",
        )


def _refuse_template(call: AwsCall, emulation: Emulation) -> None:
    mixed = structure(structure(call.parameters, "MixedInstancesPolicy"), "LaunchTemplate")
    wanted = structure(call.parameters, "LaunchTemplate") or structure(mixed, "LaunchTemplateSpecification")
    if not wanted:
        return
    ec2: Any = emulation.ec2(call.region)
    template_id, name = wanted.get("LaunchTemplateId"), wanted.get("LaunchTemplateName")
    template = next(
        (one for one in ec2.launch_templates.values() if one.id == template_id or (name and one.name == name)), None
    )
    if template is None:
        said = f"with template ID {template_id}" if template_id else f"with template name {name}"
        raise RefusalError("ValidationError", f"{_FULLY_FORMED} The specified launch template, {said}, does not exist.")
    version = str(wanted.get("Version") or "$Default")
    if version.isdigit() and int(version) > len(template.versions):
        raise RefusalError(
            "ValidationError",
            f"{_FULLY_FORMED} Could not find the specified version {version} "
            f"for the launch template with ID {template.id}.",
        )
    _refuse_profile(structure(template.get_version(version).data, "IamInstanceProfile"), emulation)


def _refuse_subnets(call: AwsCall, emulation: Emulation) -> None:
    wanted = str(call.parameters.get("VPCZoneIdentifier") or "")
    known = {one for subnets in emulation.ec2(call.region).subnets.values() for one in subnets}
    for one in filter(None, (part.strip() for part in wanted.split(","))):
        if one not in known:
            raise RefusalError("ValidationError", f"The subnet ID '{one}' does not exist")


def _refuse_profile(wanted: Mapping[str, Any], emulation: Emulation) -> None:
    name = str(wanted.get("Name") or str(wanted.get("Arn") or "").rpartition("/")[2])
    if not name:
        return
    known = [str(one.name) for one in emulation.backend("iam", "aws").instance_profiles.values()]
    if name not in known:
        given = wanted.get("Name") or wanted.get("Arn")
        parameter = "name" if wanted.get("Name") else "arn"
        raise RefusalError(
            "ValidationError",
            f"{_FULLY_FORMED} Value ({given}) for parameter iamInstanceProfile.{parameter} is invalid. "
            f"Invalid IAM Instance Profile {'name' if parameter == 'name' else 'ARN'}",
        )
