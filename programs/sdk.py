"""The Pulumi packages that programs use, loaded in one place, whole and quietly.

The packages load their modules at the first use of a name, which two threads must not do at once, and some modules
warn about types of their own that nobody here uses. Everything else imports `aws` and `awsx` from here.
"""

from __future__ import annotations

import warnings

import pulumi_aws as aws
import pulumi_awsx as awsx

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    LOADED = (
        aws.Provider,
        aws.appautoscaling.Target,
        aws.autoscaling.Group,
        aws.cloudwatch.LogGroup,
        aws.ec2.SecurityGroup,
        aws.ecr.Repository,
        aws.ecs.Service,
        aws.iam.Role,
        aws.lb.LoadBalancer,
        aws.ssm.get_parameter_output,
        aws.vpc.SecurityGroupIngressRule,
        awsx.ec2.Vpc,
    )

__all__ = ["aws", "awsx"]
