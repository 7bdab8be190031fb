"""The operations of ECS's model that the local AWS answers with `UnsupportedFeatureException`, and why.

Every operation of the model is either answered or listed here; a test compares both with botocore's model, so that an
operation that AWS adds is noticed when botocore is updated.
"""

from __future__ import annotations

_DAEMONS = frozenset(
    {
        "CreateDaemon",
        "DeleteDaemon",
        "DeleteDaemonTaskDefinition",
        "DescribeDaemon",
        "DescribeDaemonDeployments",
        "DescribeDaemonRevisions",
        "DescribeDaemonTaskDefinition",
        "ListDaemonDeployments",
        "ListDaemonTaskDefinitions",
        "ListDaemons",
        "RegisterDaemonTaskDefinition",
        "UpdateDaemon",
    }
)
"""Managed daemons run on Managed Instances only, and those are not modelled."""
_GATEWAYS = frozenset(
    {
        "AssociateGatewayWithCluster",
        "CreateExpressGatewayService",
        "CreateGateway",
        "DeleteExpressGatewayService",
        "DeleteGateway",
        "DescribeExpressGatewayService",
        "DescribeGateway",
        "DescribeGatewayResources",
        "DescribeGatewayRoute",
        "DisassociateGatewayFromCluster",
        "ListGatewayClusterAssociations",
        "ListGatewayRoutes",
        "ListGateways",
        "UpdateExpressGatewayService",
        "UpdateGateway",
    }
)
"""Express Mode makes load balancers, roles and log groups by itself: nothing a stage asks for."""
_TASK_SETS = frozenset(
    {"CreateTaskSet", "DeleteTaskSet", "DescribeTaskSets", "UpdateServicePrimaryTaskSet", "UpdateTaskSet"}
)
"""Task sets belong to deployment controllers other than ECS's own."""
_AGENT = frozenset(
    {
        "DiscoverPollEndpoint",
        "RegisterContainerInstance",
        "SubmitAttachmentStateChanges",
        "SubmitContainerStateChange",
        "SubmitTaskStateChange",
    }
)
"""Only the container agent calls these; the local AWS has none."""

UNSUPPORTED = _DAEMONS | _GATEWAYS | _TASK_SETS | _AGENT
