"""CreateServiceLinkedRole with the names that AWS gives, and a second one refused as AWS does.

moto makes names of its own for most services (`AWSServiceRoleForecs`), so that who looks for the role finds none.
Sources: ECS, Elastic Load Balancing, EC2 Auto Scaling, EC2 and Application Auto Scaling guides, pages on service-linked
roles; IAM API reference, CreateServiceLinkedRole.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tinystacks.local.call import RefusalError

if TYPE_CHECKING:
    from tinystacks.local.call import AwsCall
    from tinystacks.local.emulation import Emulation

_NAMES = {
    "autoscaling.amazonaws.com": "AutoScaling",
    "ecs.amazonaws.com": "ECS",
    "ecs.application-autoscaling.amazonaws.com": "ApplicationAutoScaling_ECSService",
    "elasticloadbalancing.amazonaws.com": "ElasticLoadBalancing",
    "spot.amazonaws.com": "EC2Spot",
}


class ServiceRoles:
    """The operation.

    Args:
        emulation: moto, which keeps the roles.
    """

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation

    def create(self, call: AwsCall) -> dict[str, Any]:
        """CreateServiceLinkedRole."""
        service, suffix = str(call.parameters.get("AWSServiceName")), str(call.parameters.get("CustomSuffix") or "")
        known = _NAMES.get(service)
        if known is None:
            raise RefusalError("InvalidInput", f"Service principal {service} is not known to the local AWS.")
        name = "_".join(part for part in (f"AWSServiceRoleFor{known}", suffix) if part)
        statement = {"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": [service]}}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        with self._emulation.lock:
            iam: Any = self._emulation.backend("iam", "aws")
            if any(role.name == name for role in iam.roles.values()):
                raise RefusalError(
                    "InvalidInput",
                    f"Service role name {name} has been taken in this account, please try a different suffix.",
                )
            role: Any = iam.create_role(
                name,
                document,
                f"/aws-service-role/{service}/",
                permissions_boundary=None,
                description=str(call.parameters.get("Description") or ""),
                tags=[],
                max_session_duration="3600",
                linked_service=service,
            )
        return {
            "Role": {
                "Path": role.path,
                "RoleName": name,
                "RoleId": role.id,
                "Arn": role.arn,
                "CreateDate": role.create_date,
                "AssumeRolePolicyDocument": document,
            }
        }
