"""Checks of the AWS account: credentials, region, service-linked roles, quotas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.doctor.finding import Finding
from tinystacks.errors import AwsError, CredentialsError

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE_LINKED_ROLES = {
    "ecs.amazonaws.com": "AWSServiceRoleForECS",
    "autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling",
    "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
    "ecs.application-autoscaling.amazonaws.com": "AWSServiceRoleForApplicationAutoScaling_ECSService",
}
"""Roles that AWS services make for themselves at first use (trap H1), by the service that owns them.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A limit of the account that a stage may meet.

    Attributes:
        name: in AWS's words.
        service: service code of Service Quotas.
        code: quota code of Service Quotas.
        default: what a new account has.
        uses: how much one stage takes at most.
    """

    name: str
    service: str
    code: str
    default: float
    uses: int


QUOTAS = (
    Quota(name="VPCs per Region", service="vpc", code="L-F678F1CE", default=5, uses=1),
    Quota(name="EC2-VPC Elastic IPs", service="ec2", code="L-0263D0A3", default=5, uses=3),
    Quota(name="Running On-Demand Standard instances (vCPU)", service="ec2", code="L-1216C47A", default=5, uses=12),
    Quota(name="Fargate On-Demand vCPU", service="fargate", code="L-3032A538", default=6, uses=2),
)
"""Source: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html (trap E12)."""


def check_credentials(account_id: Callable[[], str], region: str, profile: str | None) -> list[Finding]:
    """Check that AWS knows the signed-in identity.

    Args:
        account_id: asks AWS for the account; raises `CredentialsError`.
        region: the region that would be used.
        profile: the profile that would be used.
    """
    try:
        account = account_id()
    except (CredentialsError, AwsError) as error:
        return [Finding(name="Credentials", verdict="failed", found=error.message, mend=error.hint)]
    whose = f" by profile {profile}" if profile else ""
    return [
        Finding(name="Credentials", verdict="ok", found=f"account {account}{whose}"),
        Finding(name="Region", verdict="ok", found=region),
    ]


def check_service_linked_roles(client: Callable[[str], Any]) -> list[Finding]:
    """Check the roles that the first use of a service needs; `tstack up` makes missing ones.

    Args:
        client: gives a boto3 client by service name.
    """
    iam = client("iam")
    findings: list[Finding] = []
    for service, role in SERVICE_LINKED_ROLES.items():
        title = f"Role {role}"
        try:
            with aws_errors("iam", title):
                iam.get_role(RoleName=role)
        except AwsError as error:
            if error.code == "NoSuchEntity":
                mend = f"`tstack up` makes it; or: aws iam create-service-linked-role --aws-service-name {service}"
                findings.append(Finding(name=title, verdict="warning", found="not made yet", mend=mend))
            else:
                findings.append(Finding(name=title, verdict="warning", found=error.message, mend=error.hint))
        else:
            findings.append(Finding(name=title, verdict="ok", found="exists"))
    return findings


def check_quotas(client: Callable[[str], Any]) -> list[Finding]:
    """Check the account's limits against what is used already.

    Args:
        client: gives a boto3 client by service name.
    """
    findings: list[Finding] = []
    used = _used(client)
    for quota in QUOTAS:
        limit = _limit(client, quota)
        free = limit - used.get(quota.code, 0)
        found = f"{used.get(quota.code, 0)} of {limit:g} used" if quota.code in used else f"limit {limit:g}"
        if free >= quota.uses:
            findings.append(Finding(name=quota.name, verdict="ok", found=found))
        else:
            mend = (
                f"Ask for more: aws service-quotas request-service-quota-increase --service-code {quota.service} "
                f"--quota-code {quota.code} --desired-value {limit - free + quota.uses:g}"
            )
            found = f"{found}; a stage with the default settings may take {quota.uses}"
            findings.append(Finding(name=quota.name, verdict="warning", found=found, mend=mend))
    return findings


def _limit(client: Callable[[str], Any], quota: Quota) -> float:
    """Read the limit; the default of a new account when it may not be read."""
    try:
        with aws_errors("service-quotas", quota.name):
            answer = client("service-quotas").get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
    except AwsError:
        return quota.default
    return float(answer.get("Quota", {}).get("Value", quota.default))


def _used(client: Callable[[str], Any]) -> dict[str, int]:
    used: dict[str, int] = {}
    try:
        with aws_errors("ec2"):
            ec2 = client("ec2")
            used["L-F678F1CE"] = len(ec2.describe_vpcs().get("Vpcs", []))
            used["L-0263D0A3"] = len(ec2.describe_addresses().get("Addresses", []))
    except AwsError:
        return used
    return used
