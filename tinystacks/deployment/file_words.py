"""Properties of resources as the fields of the file that set them.

Only what one field sets by itself is named; anything else is said with the provider's own name of the property.
"""

from __future__ import annotations

import re

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_OF_SERVICE = {
    "aws:appautoscaling/policy:Policy": {
        "targetTrackingScalingPolicyConfiguration": "tasks",
    },
    "aws:appautoscaling/target:Target": {"minCapacity": "tasks.min", "maxCapacity": "tasks.max"},
    "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": "logs.retention_days"},
    "aws:ecs/service:Service": {
        "availabilityZoneRebalancing": "zone_rebalancing",
        "deploymentCircuitBreaker": "rolling_update.circuit_breaker",
        "deploymentMaximumPercent": "rolling_update.max_percent",
        "deploymentMinimumHealthyPercent": "rolling_update.min_healthy_percent",
        "desiredCount": "tasks",
        "enableExecuteCommand": "exec",
        "healthCheckGracePeriodSeconds": "health_check.grace_period",
        "orderedPlacementStrategies": "placement",
    },
    "aws:lb/targetGroup:TargetGroup": {"deregistrationDelay": "deregistration_delay", "healthCheck": "health_check"},
}
_OF_STAGE = {
    "aws:autoscaling/group:Group": {"minSize": "compute.instances.min", "maxSize": "compute.instances.max"},
    "aws:ec2/launchTemplate:LaunchTemplate": {
        "imageId": "compute.ami",
        "instanceType": "compute.instance_types",
        "metadataOptions": "compute.imds_hop_limit",
    },
    "aws:ecs/cluster:Cluster": {"settings": "compute.container_insights"},
    "aws:lb/loadBalancer:LoadBalancer": {
        "accessLogs": "endpoint.access_logs",
        "enableDeletionProtection": "endpoint.deletion_protection",
        "idleTimeout": "endpoint.idle_timeout",
    },
}


def file_field(resource_type: str, name: str, service: str) -> str:
    """Say a property, such as `services.web.tasks.max`; in the provider's words where no field sets it alone.

    Args:
        resource_type: the engine's type token.
        name: path of the property, such as `settings[0].value`.
        service: name of the service in the file; empty for what belongs to the whole stage.
    """
    head = re.split(r"[.\[]", name, maxsplit=1)[0]
    if service and (field := _OF_SERVICE.get(resource_type, {}).get(head)):
        return f"services.{service}.{field}"
    if field := _OF_STAGE.get(resource_type, {}).get(head):
        return field
    if head in {"tags", "tagsAll"}:
        return "tags"
    return _CAMEL.sub(" ", head).lower()


def difference_field(resource_type: str, path: str, service: str) -> str:
    """Say where in the file a value stands that differs, as exactly as a property path tells.

    Args:
        resource_type: as in `file_field`.
        path: of the property, such as `tags.owner`.
        service: as in `file_field`.
    """
    field = file_field(resource_type, path, service)
    head = re.split(r"[.\[]", path, maxsplit=1)[0]
    rest = path[len(head) :].lstrip(".")
    if not rest:
        return field
    return f"{field}.{rest}" if field == "tags" else f"{field} ({_CAMEL.sub(' ', rest).lower()})"
