"""Which handler makes which resource type."""

from __future__ import annotations

import importlib
import inspect
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from tinystacks.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.provider.handler import Handler

HANDLER_MODULES: Final = (
    "acm",
    "appautoscaling",
    "autoscaling_groups",
    "autoscaling_policies",
    "cloudwatch",
    "ec2_addresses",
    "ec2_endpoints",
    "ec2_internet_gateway",
    "ec2_launch_templates",
    "ec2_route_association",
    "ec2_routes",
    "ec2_security_groups",
    "ec2_security_rules",
    "ec2_vpc",
    "ecr",
    "ecs_capacity_providers",
    "ecs_clusters",
    "ecs_services",
    "ecs_task_definitions",
    "elbv2_listeners",
    "elbv2_load_balancers",
    "elbv2_rules",
    "elbv2_target_groups",
    "iam_instance_profile",
    "iam_policy",
    "iam_role",
    "kms",
    "logs",
    "route53",
    "s3",
    "s3_settings",
    "secretsmanager",
    "sns",
    "ssm",
)
"""Modules of this package that hold handlers: every class with a `token` in them is one."""


class UnknownTypeError(LocalAwsError):
    """The program uses a resource type that the local AWS does not have."""

    kind = "local-aws-type"


@cache
def handlers() -> Mapping[str, Handler]:
    """All handlers by type token; their modules are imported at the first call."""
    found: dict[str, Handler] = {}
    for name in HANDLER_MODULES:
        module = importlib.import_module(f"tinystacks.local.provider.{name}")
        for _, member in inspect.getmembers(module, inspect.isclass):
            # Shared bases carry no token; classes imported from another module are that module's.
            token = cast("Any", member).__dict__.get("token")
            if member.__module__ == module.__name__ and isinstance(token, str):
                found[token] = cast("Handler", member())
    return found


def handler_for(token: str) -> Handler:
    """The handler of a resource type.

    Raises:
        UnknownTypeError: the local AWS has no such type.
    """
    try:
        return handlers()[token]
    except KeyError:
        raise UnknownTypeError(
            f"the local AWS does not know {token}",
            hint="Deploy this program to an AWS account, or leave this resource out of the local stage.",
        ) from None
