"""The blocks of an Auto Scaling group in Pulumi's form and in the API's (EC2 Auto Scaling API reference)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tinystacks.local.provider.api_shapes import (
    block,
    blocks,
    entries,
    number_as_text,
    renamed,
    shape,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.provider.handler import Inputs

GROUP = "aws:autoscaling/group:Group"

TEMPLATE_SPECIFICATION = shape(
    f"{GROUP}.launchTemplateSpecification", "launchTemplateId", "launchTemplateName", "version"
)
LAUNCH_TEMPLATE = shape(
    f"{GROUP}.launchTemplate",
    renamed("id", "LaunchTemplateId"),
    renamed("name", "LaunchTemplateName"),
    "version",
)
MIXED_INSTANCES_POLICY = shape(
    f"{GROUP}.mixedInstancesPolicy",
    block(
        "launchTemplate",
        shape(
            f"{GROUP}.mixedInstancesPolicy.launchTemplate",
            block("launchTemplateSpecification", TEMPLATE_SPECIFICATION),
            blocks(
                "overrides",
                shape(
                    f"{GROUP}.mixedInstancesPolicy.launchTemplate.overrides",
                    "instanceType",
                    "weightedCapacity",
                    block("launchTemplateSpecification", TEMPLATE_SPECIFICATION),
                ),
            ),
        ),
    ),
    block(
        "instancesDistribution",
        shape(
            f"{GROUP}.mixedInstancesPolicy.instancesDistribution",
            "onDemandAllocationStrategy",
            "onDemandBaseCapacity",
            "onDemandPercentageAboveBaseCapacity",
            "spotAllocationStrategy",
            "spotInstancePools",
            "spotMaxPrice",
        ),
    ),
)
REFRESH_PREFERENCES = shape(
    f"{GROUP}.instanceRefresh.preferences",
    "minHealthyPercentage",
    "maxHealthyPercentage",
    number_as_text("instanceWarmup"),
    number_as_text("checkpointDelay"),
    "checkpointPercentages",
    "autoRollback",
    "skipMatching",
    "scaleInProtectedInstances",
    "standbyInstances",
    block("alarmSpecification", shape(f"{GROUP}.instanceRefresh.preferences.alarmSpecification", "alarms")),
)
LIFECYCLE_HOOK = shape(
    f"{GROUP}.initialLifecycleHooks",
    renamed("name", "LifecycleHookName"),
    "lifecycleTransition",
    "defaultResult",
    "heartbeatTimeout",
    "notificationMetadata",
    renamed("notificationTargetArn", "NotificationTargetARN"),
    renamed("roleArn", "RoleARN"),
)
WARM_POOL = shape(
    f"{GROUP}.warmPool",
    "poolState",
    "minSize",
    "maxGroupPreparedCapacity",
    block("instanceReusePolicy", shape(f"{GROUP}.warmPool.instanceReusePolicy", "reuseOnScaleIn")),
)

SETTINGS = shape(
    GROUP,
    "minSize",
    "maxSize",
    "desiredCapacity",
    "desiredCapacityType",
    "availabilityZones",
    "healthCheckGracePeriod",
    "healthCheckType",
    "defaultCooldown",
    "defaultInstanceWarmup",
    "terminationPolicies",
    "capacityRebalance",
    "maxInstanceLifetime",
    "placementGroup",
    "context",
    renamed("launchConfiguration", "LaunchConfigurationName"),
    renamed("protectFromScaleIn", "NewInstancesProtectedFromScaleIn"),
    renamed("serviceLinkedRoleArn", "ServiceLinkedRoleARN"),
    block("launchTemplate", LAUNCH_TEMPLATE),
    block("mixedInstancesPolicy", MIXED_INSTANCES_POLICY),
    block(
        "instanceMaintenancePolicy",
        shape(f"{GROUP}.instanceMaintenancePolicy", "minHealthyPercentage", "maxHealthyPercentage"),
    ),
    block(
        "availabilityZoneDistribution",
        shape(f"{GROUP}.availabilityZoneDistribution", "capacityDistributionStrategy"),
    ),
)
"""What CreateAutoScalingGroup and UpdateAutoScalingGroup both take."""

HANDLED_APART = frozenset(
    {
        "name",
        "namePrefix",
        "vpcZoneIdentifiers",
        "forceDelete",
        "forceDeleteWarmPool",
        "ignoreFailedScalingActivities",
        "metricsGranularity",
        "enabledMetrics",
        "suspendedProcesses",
        "waitForCapacityTimeout",
        "minElbCapacity",
        "waitForElbCapacity",
        "targetGroupArns",
        "initialLifecycleHooks",
        "instanceRefresh",
        "warmPool",
        "arn",
        "predictedCapacity",
        "warmPoolSize",
        "loadBalancers",
        "trafficSources",
    },
)
"""What the handler takes care of itself."""

UNORDERED = frozenset(
    {
        "availabilityZones",
        "enabledMetrics",
        "loadBalancers",
        "suspendedProcesses",
        "tags",
        "targetGroupArns",
        "vpcZoneIdentifiers",
    },
)


def group_members(inputs: Inputs) -> dict[str, Any]:
    """The settings of a group as create and update take them."""
    values = dict(inputs)
    template: Mapping[str, Any] = values.get("launchTemplate") or {}
    if template.get("id"):
        # Both are known after a read; the API wants one of them.
        values["launchTemplate"] = {name: value for name, value in template.items() if name != "name"}
    members = SETTINGS.to_api(
        {name: value for name, value in values.items() if not _left_to_aws(name, value)},
        others=HANDLED_APART,
    )
    if values.get("vpcZoneIdentifiers"):
        members["VPCZoneIdentifier"] = ",".join(values["vpcZoneIdentifiers"])
        members.pop("AvailabilityZones", None)
    if values.get("mixedInstancesPolicy"):
        _one_name_per_template(members["MixedInstancesPolicy"])
        members.pop("LaunchTemplate", None)
    return members


def tag_members(group_name: str, tags: list[Inputs]) -> list[dict[str, Any]]:
    """`tags` as CreateAutoScalingGroup and CreateOrUpdateTags take them."""
    return [
        {
            "ResourceId": group_name,
            "ResourceType": "auto-scaling-group",
            "Key": tag["key"],
            "Value": str(tag["value"]),
            "PropagateAtLaunch": bool(tag.get("propagateAtLaunch")),
        }
        for tag in tags
    ]


def seconds(duration: str) -> float:
    """A Go duration such as `10m` or `1h30m` in seconds; `0` is none.

    Raises:
        ValueError: it is no duration.
    """
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    total, number = 0.0, ""
    for letter in duration:
        if letter in units:
            total += float(number) * units[letter]
            number = ""
        else:
            number += letter
    if number and float(number):
        raise ValueError(f'time: missing unit in duration "{duration}"')
    return total


def _left_to_aws(name: str, value: Any) -> bool:
    """Values that mean "not given" to the real provider."""
    if name == "instanceMaintenancePolicy":
        bounds = cast("Inputs", value or {})
        return all(bounds.get(bound) == -1 for bound in ("minHealthyPercentage", "maxHealthyPercentage"))
    return name in {"defaultInstanceWarmup", "maxInstanceLifetime", "placementGroup", "context"} and not value


def _one_name_per_template(policy: dict[str, Any]) -> None:
    template: dict[str, Any] = policy["LaunchTemplate"]
    specifications = [template["LaunchTemplateSpecification"]]
    specifications += [
        override["LaunchTemplateSpecification"]
        for override in entries(template, "Overrides")
        if "LaunchTemplateSpecification" in override
    ]
    for specification in specifications:
        if specification.get("LaunchTemplateId"):
            specification.pop("LaunchTemplateName", None)
