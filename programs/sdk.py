"""The Pulumi packages that programs use: exactly the names they use, loaded once and before any program runs.

`pulumi_aws.ec2` alone is about 200 modules, of which a stage uses six; a package loads all of its modules at the first
use of any name. Here each name comes from the one module that defines it, which takes two thirds of the time. While
such a module loads, a bare stand-in takes the place of its package in `sys.modules`; afterwards the package itself is
back, loads whole for whoever asks it, and then finds the modules that are here already: every class exists once.

Type checkers see the packages themselves. Everything else imports `aws` and `awsx` from here.
"""

from __future__ import annotations

import re
import sys
import warnings
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pulumi_aws
import pulumi_awsx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pulumi_aws as aws
    import pulumi_awsx as awsx

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
AWS_NAMES: Mapping[str, Sequence[str]] = {
    "appautoscaling": (
        "Policy",
        "PolicyTargetTrackingScalingPolicyConfigurationArgs",
        "PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs",
        "ScheduledAction",
        "ScheduledActionScalableTargetActionArgs",
        "Target",
    ),
    "autoscaling": (
        "Group",
        "GroupInstanceRefreshArgs",
        "GroupInstanceRefreshPreferencesArgs",
        "GroupLaunchTemplateArgs",
        "GroupMixedInstancesPolicyArgs",
        "GroupMixedInstancesPolicyInstancesDistributionArgs",
        "GroupMixedInstancesPolicyLaunchTemplateArgs",
        "GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs",
        "GroupMixedInstancesPolicyLaunchTemplateOverrideArgs",
        "GroupTagArgs",
        "Policy",
        "PolicyStepAdjustmentArgs",
    ),
    "cloudwatch": (
        "LogGroup",
        "MetricAlarm",
    ),
    "ec2": (
        "DefaultSecurityGroup",
        "FlowLog",
        "GetSubnetsFilterArgs",
        "LaunchTemplate",
        "LaunchTemplateBlockDeviceMappingArgs",
        "LaunchTemplateBlockDeviceMappingEbsArgs",
        "LaunchTemplateIamInstanceProfileArgs",
        "LaunchTemplateMetadataOptionsArgs",
        "LaunchTemplateMonitoringArgs",
        "LaunchTemplateTagSpecificationArgs",
        "SecurityGroup",
        "get_subnets_output",
        "get_vpc_output",
    ),
    "ecr": (
        "LifecyclePolicy",
        "Repository",
        "RepositoryEncryptionConfigurationArgs",
        "RepositoryImageScanningConfigurationArgs",
    ),
    "ecs": (
        "CapacityProvider",
        "CapacityProviderAutoScalingGroupProviderArgs",
        "CapacityProviderAutoScalingGroupProviderManagedScalingArgs",
        "Cluster",
        "ClusterCapacityProviders",
        "ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs",
        "ClusterConfigurationArgs",
        "ClusterConfigurationExecuteCommandConfigurationArgs",
        "ClusterConfigurationExecuteCommandConfigurationLogConfigurationArgs",
        "ClusterSettingArgs",
        "Service",
        "ServiceCapacityProviderStrategyArgs",
        "ServiceDeploymentCircuitBreakerArgs",
        "ServiceLoadBalancerArgs",
        "ServiceNetworkConfigurationArgs",
        "ServiceOrderedPlacementStrategyArgs",
        "TaskDefinition",
        "TaskDefinitionEphemeralStorageArgs",
        "TaskDefinitionRuntimePlatformArgs",
    ),
    "iam": (
        "InstanceProfile",
        "Role",
        "RolePolicy",
        "RolePolicyAttachment",
    ),
    "lb": (
        "Listener",
        "ListenerDefaultActionArgs",
        "ListenerDefaultActionFixedResponseArgs",
        "ListenerDefaultActionRedirectArgs",
        "ListenerRule",
        "ListenerRuleActionArgs",
        "ListenerRuleConditionArgs",
        "ListenerRuleConditionHostHeaderArgs",
        "ListenerRuleConditionPathPatternArgs",
        "LoadBalancer",
        "LoadBalancerAccessLogsArgs",
        "TargetGroup",
        "TargetGroupHealthCheckArgs",
    ),
    "ssm": ("get_parameter_output",),
    "vpc": (
        "SecurityGroupEgressRule",
        "SecurityGroupIngressRule",
    ),
}
"""What programs use of `pulumi_aws`, by service; a test compares this with the programs."""
AWSX_NAMES: Mapping[str, Sequence[str]] = {
    "ec2": (
        "NatGatewayConfigurationArgs",
        "NatGatewayStrategy",
        "SubnetAllocationStrategy",
        "SubnetSpecArgs",
        "SubnetType",
        "Vpc",
        "VpcEndpointSpecArgs",
        "VpcEndpointStrategy",
    ),
}
"""The same of `pulumi_awsx`."""


def module_names(name: str) -> Iterator[str]:
    """Give the modules of a package in which the SDK's generator may have put a name, the likeliest first.

    Args:
        name: a class or function of the package, such as `LaunchTemplate`, `ServiceArgs` or `get_vpc_output`.
    """
    if name.endswith("Args"):
        yield "_inputs"
    yield _WORD_START.sub("_", name).lower().removesuffix("_output")
    yield "_enums"


def leaves(root: ModuleType, names: Mapping[str, Sequence[str]]) -> SimpleNamespace:
    """Load names of a package's services without loading the services whole.

    Args:
        root: the package.
        names: what is wanted, by service.

    Returns:
        The root's own names that programs use, and a namespace for each service.
    """
    services = {service: SimpleNamespace(**_load(root, service, wanted)) for service, wanted in names.items()}
    plain = {name: getattr(root, name) for name in _ROOT_NAMES if hasattr(root, name)}
    return SimpleNamespace(**plain, **services)


_ROOT_NAMES = ("Provider", "ProviderDefaultTagsArgs", "get_caller_identity")


def _load(root: ModuleType, service: str, names: Sequence[str]) -> dict[str, Any]:
    full_name = f"{root.__name__}.{service}"
    folder = Path(str(root.__file__)).parent / service
    package = sys.modules[full_name]
    stand_in = ModuleType(full_name)
    stand_in.__path__ = [str(folder)]
    stand_in.__package__ = full_name
    sys.modules[full_name] = stand_in
    try:
        with warnings.catch_warnings():
            # Some modules warn about types of their own that nobody here uses.
            warnings.simplefilter("ignore", DeprecationWarning)
            return {name: _find(full_name, folder, name) for name in names}
    finally:
        sys.modules[full_name] = package


def _find(package: str, folder: Path, name: str) -> Any:
    for module in module_names(name):
        if (folder / f"{module}.py").is_file():
            found = getattr(import_module(f"{package}.{module}"), name, None)
            if found is not None:
                return found
    raise ImportError(f"{package} has no {name}", name=name)


if not TYPE_CHECKING:
    aws = leaves(pulumi_aws, AWS_NAMES)
    awsx = leaves(pulumi_awsx, AWSX_NAMES)

__all__ = ["aws", "awsx"]
