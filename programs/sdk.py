"""The Pulumi packages that programs use, loaded name by name.

`pulumi_aws.ec2` alone is about 200 modules, of which a stage uses a dozen, and pulumi's own lazy packages load all of
them at the first use of any name. Here the packages of the services in `AWS_NAMES` give each name from the one module
that defines it; asked for anything that they do not find so, they load whole, as ever. They stay the same module
objects and every class exists once, so other code in the process sees no difference.

What programs use is loaded when this module is, before any program runs. Type checkers see the packages themselves.
"""

from __future__ import annotations

import re
import warnings
from importlib import import_module
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pulumi_aws as aws
import pulumi_awsx as awsx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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


class LeafPackage(ModuleType):
    """A package of generated modules that is not loaded; gives a name by loading the one module that defines it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        for module in module_names(name):
            if (Path(self.__path__[0]) / f"{module}.py").is_file():
                loaded = import_module(f"{self.__name__}.{module}")
                # As `from .module import *` would: some functions have the name of their module.
                vars(self).update({key: getattr(loaded, key) for key in getattr(loaded, "__all__", ())})
                if name in vars(self) or module == name:
                    return vars(self).get(name, loaded)
        return getattr(_whole(self), name)

    def __dir__(self) -> list[str]:
        return dir(_whole(self))


def _whole(package: ModuleType) -> ModuleType:
    with _LOADING:
        if type(package) is not ModuleType:
            package.__class__ = ModuleType
            loader: Any = package.__spec__ and package.__spec__.loader
            loader.exec_module(package)
    return package


_LOADING = RLock()
"""One thread at a time loads a package whole. Single modules are guarded by Python's own import locks."""


def module_names(name: str) -> Iterator[str]:
    """Give the modules of a package in which the SDK's generator may have put a name, the likeliest first.

    Args:
        name: a class or function of the package, such as `LaunchTemplate`, `ServiceArgs` or `get_vpc_output`.
    """
    if name.endswith("Args"):
        yield "_inputs"
    yield _WORD_START.sub("_", name).lower().removesuffix("_output")
    yield "_enums"


def load_names(root: ModuleType, names: Mapping[str, Sequence[str]]) -> None:
    """Make the packages of services give name by name, and load the names.

    Args:
        root: the SDK.
        names: what is wanted, by service.
    """
    for service, wanted in names.items():
        # Where somebody loaded the package already, it is an ordinary module and stays one.
        package = import_module(f"{root.__name__}.{service}")
        if type(package) is not ModuleType:
            package.__class__ = LeafPackage
        with warnings.catch_warnings():
            # Some modules warn about types of their own that nobody here uses.
            warnings.simplefilter("ignore", DeprecationWarning)
            for name in wanted:
                getattr(package, name)


load_names(aws, AWS_NAMES)
load_names(awsx, AWSX_NAMES)

__all__ = ["aws", "awsx"]
