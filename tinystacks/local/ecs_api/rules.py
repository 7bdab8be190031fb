"""What ECS asks of requests beyond what its model says: members it calls optional, and bounds of numbers.

Sources: the texts of the ECS API reference (shapes of the same names); the ports are those of TCP.
"""

from __future__ import annotations

from tinystacks.local.json_api.shapes import Rules

_PORT = (1, 65535)
_NOT_NEGATIVE = (0, None)

RULES = Rules(
    required={
        "ClusterSetting": frozenset({"name", "value"}),
        "ContainerDefinition": frozenset({"name", "image"}),
        "ContainerOverride": frozenset({"name"}),
        "CreateServiceRequest": frozenset({"taskDefinition"}),
        "KeyValuePair": frozenset({"name"}),
        "LoadBalancer": frozenset({"containerName", "containerPort"}),
        "MountPoint": frozenset({"sourceVolume", "containerPath"}),
        "PlacementConstraint": frozenset({"type"}),
        "PlacementStrategy": frozenset({"type"}),
        "PortMapping": frozenset({"containerPort"}),
        "Tag": frozenset({"key"}),
        "TaskDefinitionPlacementConstraint": frozenset({"type"}),
        "Volume": frozenset({"name"}),
        "VolumeFrom": frozenset({"sourceContainer"}),
    },
    bounds={
        ("ContainerDefinition", "cpu"): _NOT_NEGATIVE,
        ("ContainerDefinition", "memory"): (4, None),
        ("ContainerDefinition", "memoryReservation"): (4, None),
        ("ContainerDefinition", "startTimeout"): (2, None),
        ("ContainerDefinition", "stopTimeout"): _NOT_NEGATIVE,
        ("ContainerRestartPolicy", "restartAttemptPeriod"): (60, 1800),
        ("CreateServiceRequest", "desiredCount"): _NOT_NEGATIVE,
        ("CreateServiceRequest", "healthCheckGracePeriodSeconds"): _NOT_NEGATIVE,
        ("DeploymentConfiguration", "bakeTimeInMinutes"): (0, 1440),
        ("DeploymentConfiguration", "maximumPercent"): _NOT_NEGATIVE,
        ("DeploymentConfiguration", "minimumHealthyPercent"): _NOT_NEGATIVE,
        ("EphemeralStorage", "sizeInGiB"): (21, 200),
        ("HealthCheck", "interval"): (5, 300),
        ("HealthCheck", "retries"): (1, 10),
        ("HealthCheck", "startPeriod"): (0, 300),
        ("HealthCheck", "timeout"): (2, 60),
        ("LoadBalancer", "containerPort"): _PORT,
        ("PortMapping", "containerPort"): _PORT,
        ("PortMapping", "hostPort"): (0, 65535),
        ("RunTaskRequest", "count"): (1, 10),
        ("UpdateServiceRequest", "desiredCount"): _NOT_NEGATIVE,
        ("UpdateServiceRequest", "healthCheckGracePeriodSeconds"): _NOT_NEGATIVE,
        ("UpdateTaskProtectionRequest", "expiresInMinutes"): (1, 2880),
    },
)
"""Port ranges (`containerPortRange`) are not modelled: every port mapping names its port."""
