"""The blocks of an ECS service in Pulumi's form and in the API's (Amazon ECS API reference, CreateService)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.provider.api_shapes import (
    Member,
    block,
    blocks,
    entries,
    number_as_text,
    renamed,
    same_case_shape,
)

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Inputs

SERVICE = "aws:ecs/service:Service"
DAEMON = "DAEMON"
DEFAULT_PERCENTS = {"deploymentMaximumPercent": 200, "deploymentMinimumHealthyPercent": 100}
PERCENT_MEMBERS = {
    "deploymentMaximumPercent": "maximumPercent",
    "deploymentMinimumHealthyPercent": "minimumHealthyPercent",
}

STRATEGY = same_case_shape(f"{SERVICE}.capacityProviderStrategies", "capacityProvider", "base", "weight")
LOAD_BALANCER = same_case_shape(
    f"{SERVICE}.loadBalancers",
    "containerName",
    "containerPort",
    "targetGroupArn",
    renamed("elbName", "loadBalancerName"),
    block(
        "advancedConfiguration",
        same_case_shape(
            f"{SERVICE}.loadBalancers.advancedConfiguration",
            "alternateTargetGroupArn",
            "productionListenerRule",
            "roleArn",
            "testListenerRule",
        ),
        "advancedConfiguration",
    ),
)
NETWORK = same_case_shape(
    f"{SERVICE}.networkConfiguration",
    "subnets",
    "securityGroups",
    Member(
        name="assignPublicIp",
        api="assignPublicIp",
        encode=lambda value: "ENABLED" if value else "DISABLED",
        decode=lambda value: value == "ENABLED",
    ),
)
PLACEMENT_STRATEGY = same_case_shape(
    f"{SERVICE}.orderedPlacementStrategies",
    "type",
    Member(
        name="field",
        api="field",
        decode=lambda value: value.lower() if value in {"CPU", "MEMORY"} else value,
    ),
)
PLACEMENT_CONSTRAINT = same_case_shape(f"{SERVICE}.placementConstraints", "type", "expression")
REGISTRY = same_case_shape(f"{SERVICE}.serviceRegistries", "registryArn", "port", "containerName", "containerPort")
BREAKER = same_case_shape(f"{SERVICE}.deploymentCircuitBreaker", "enable", "rollback")
ALARMS = same_case_shape(f"{SERVICE}.alarms", "alarmNames", "enable", "rollback")
LIFECYCLE_HOOK = same_case_shape(
    f"{SERVICE}.deploymentConfiguration.lifecycleHooks",
    "targetType",
    "hookTargetArn",
    "roleArn",
    "lifecycleStages",
    "hookDetails",
    block(
        "timeoutConfiguration",
        same_case_shape(
            f"{SERVICE}.deploymentConfiguration.lifecycleHooks.timeoutConfiguration",
            "action",
            number_as_text("timeoutInMinutes", "timeoutInMinutes"),
        ),
        "timeoutConfiguration",
    ),
)
DEPLOYMENT = same_case_shape(
    f"{SERVICE}.deploymentConfiguration",
    "strategy",
    number_as_text("bakeTimeInMinutes", "bakeTimeInMinutes"),
    blocks("lifecycleHooks", LIFECYCLE_HOOK, "lifecycleHooks"),
    block(
        "linearConfiguration",
        same_case_shape(
            f"{SERVICE}.deploymentConfiguration.linearConfiguration",
            "stepPercent",
            number_as_text("stepBakeTimeInMinutes", "stepBakeTimeInMinutes"),
        ),
        "linearConfiguration",
    ),
    block(
        "canaryConfiguration",
        same_case_shape(
            f"{SERVICE}.deploymentConfiguration.canaryConfiguration",
            "canaryPercent",
            number_as_text("canaryBakeTimeInMinutes", "canaryBakeTimeInMinutes"),
        ),
        "canaryConfiguration",
    ),
)
SERVICE_CONNECT = same_case_shape(
    f"{SERVICE}.serviceConnectConfiguration",
    "enabled",
    "namespace",
    block(
        "logConfiguration",
        same_case_shape(
            f"{SERVICE}.serviceConnectConfiguration.logConfiguration", "logDriver", "options", "secretOptions"
        ),
        "logConfiguration",
    ),
    blocks(
        "services",
        same_case_shape(
            f"{SERVICE}.serviceConnectConfiguration.services",
            "portName",
            "discoveryName",
            "ingressPortOverride",
            blocks(
                "clientAlias",
                same_case_shape(f"{SERVICE}.serviceConnectConfiguration.services.clientAlias", "port", "dnsName"),
                "clientAliases",
            ),
            "timeout",
        ),
        "services",
    ),
)

SCALARS = {
    "taskDefinition": "taskDefinition",
    "platformVersion": "platformVersion",
    "availabilityZoneRebalancing": "availabilityZoneRebalancing",
    "enableEcsManagedTags": "enableECSManagedTags",
    "enableExecuteCommand": "enableExecuteCommand",
    "healthCheckGracePeriodSeconds": "healthCheckGracePeriodSeconds",
    "propagateTags": "propagateTags",
}
LISTS = {
    "capacityProviderStrategies": ("capacityProviderStrategy", STRATEGY),
    "loadBalancers": ("loadBalancers", LOAD_BALANCER),
    "orderedPlacementStrategies": ("placementStrategy", PLACEMENT_STRATEGY),
    "placementConstraints": ("placementConstraints", PLACEMENT_CONSTRAINT),
}
DEPLOYMENT_PROPERTIES = frozenset(
    {*DEFAULT_PERCENTS, "deploymentCircuitBreaker", "alarms", "deploymentConfiguration"},
)
SERVICE_INPUTS = frozenset(
    {
        *SCALARS, *LISTS, *DEPLOYMENT_PROPERTIES,
        "name", "cluster", "desiredCount", "launchType", "schedulingStrategy", "iamRole", "deploymentController",
        "forceDelete", "forceNewDeployment", "triggers", "networkConfiguration", "serviceRegistries",
        "serviceConnectConfiguration", "sigintRollback", "waitForSteadyState", "arn",
    }
)  # fmt: skip
UNORDERED = frozenset(
    {
        "alarms.alarmNames",
        "capacityProviderStrategies",
        "deploymentConfiguration.lifecycleHooks",
        "loadBalancers",
        "networkConfiguration.securityGroups",
        "networkConfiguration.subnets",
        "placementConstraints",
    },
)


def deployment_members(inputs: Inputs) -> dict[str, Any]:
    """`deploymentConfiguration` of the API; a daemon's default percents are left to ECS."""
    members: dict[str, Any] = {}
    daemon = inputs.get("schedulingStrategy") == DAEMON
    for name, api in (
        ("deploymentMaximumPercent", "maximumPercent"),
        ("deploymentMinimumHealthyPercent", "minimumHealthyPercent"),
    ):
        value = inputs.get(name)
        if value is not None and not (daemon and value == DEFAULT_PERCENTS[name]):
            members[api] = int(value)
    if inputs.get("deploymentCircuitBreaker"):
        members["deploymentCircuitBreaker"] = BREAKER.to_api(inputs["deploymentCircuitBreaker"])
    if inputs.get("alarms"):
        members["alarms"] = ALARMS.to_api(inputs["alarms"])
    chosen: Inputs = inputs.get("deploymentConfiguration") or {}
    if chosen.get("strategy"):
        members |= DEPLOYMENT.to_api({name: value for name, value in chosen.items() if value not in ("", [])})
    return members


def shared_members(inputs: Inputs, names: frozenset[str]) -> dict[str, Any]:
    """Members that CreateService and UpdateService both take, for those of `names` that are given.

    A list or block among `names` that is not given is sent empty, which takes it away.
    """
    members: dict[str, Any] = {}
    for name, api in SCALARS.items():
        if name in names and inputs.get(name) not in (None, ""):
            members[api] = inputs[name]
    for name, (api, shape) in LISTS.items():
        if name in names:
            members[api] = [_clean(shape.to_api(entry)) for entry in entries(inputs, name)]
    if "networkConfiguration" in names and inputs.get("networkConfiguration"):
        network = NETWORK.to_api(inputs["networkConfiguration"])
        members["networkConfiguration"] = {"awsvpcConfiguration": network}
    if "serviceRegistries" in names:
        registry = inputs.get("serviceRegistries")
        members["serviceRegistries"] = [_clean(REGISTRY.to_api(registry))] if registry else []
    if "serviceConnectConfiguration" in names:
        connect = inputs.get("serviceConnectConfiguration")
        members["serviceConnectConfiguration"] = SERVICE_CONNECT.to_api(connect) if connect else {"enabled": False}
    for name in ("healthCheckGracePeriodSeconds",):
        if name in members:
            members[name] = int(members[name])
    return members


def task_definition_form(arn: str, known: str | None) -> str:
    """A task definition's ARN in the form in which the program gives it: ARN, `family:revision` or `family`."""
    if known and known.startswith("arn:"):
        return arn
    family_and_revision = arn.rpartition("/")[2]
    if known and ":" not in known and known == family_and_revision.rpartition(":")[0]:
        return known
    return family_and_revision


def name_or_arn_form(arn: str, known: str | None) -> str:
    """An ARN, or the name at its end when that is what the program gave."""
    return known if known and known == arn.rpartition("/")[2] else arn


def _clean(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, "")}
