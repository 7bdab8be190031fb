"""Access logs of load balancers: the bucket is there and lets Elastic Load Balancing write.

Conditions of what is allowed count as met, and statements that deny under a condition as not meant.

Sources: Application Load Balancer user guide, enable-access-logging; Elastic Load Balancing API reference,
ModifyLoadBalancerAttributes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.call import RefusalError
from tinystacks.local.policy_statements import several, speaks_of, statements
from tinystacks.local.status import ACCOUNT_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.call import AwsCall
    from tinystacks.local.emulation import Emulation

_SERVICE = "logdelivery.elasticloadbalancing.amazonaws.com"
_ACCOUNTS = {
    "af-south-1": "098369216593",
    "ap-east-1": "754344448648",
    "ap-northeast-1": "582318560864",
    "ap-northeast-2": "600734575887",
    "ap-northeast-3": "383597477331",
    "ap-south-1": "718504428378",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "ap-southeast-3": "589379963580",
    "ca-central-1": "985666609251",
    "eu-central-1": "054676820928",
    "eu-north-1": "897822967062",
    "eu-south-1": "635631232127",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-west-3": "009996457667",
    "me-south-1": "076674570225",
    "sa-east-1": "507241528517",
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
}
"""Accounts of Elastic Load Balancing in the regions from before August 2022; later ones have the service only."""


def modify_load_balancer_attributes(call: AwsCall, emulation: Emulation) -> None:
    """The bucket of an access log that is on exists, and its policy lets the load balancer put objects."""
    arn = str(call.parameters.get("LoadBalancerArn"))
    balancer: Any = emulation.elbv2(call.region).load_balancers.get(arn)
    if balancer is None:
        return
    given = {str(one.get("Key")): str(one.get("Value") or "") for one in call.given("Attributes")}
    attributes: dict[str, Any] = {**balancer.attrs, **given}
    name = str(attributes.get("access_logs.s3.bucket") or "")
    if str(attributes.get("access_logs.s3.enabled")).lower() != "true" or not name:
        return
    prefix = str(attributes.get("access_logs.s3.prefix") or "").strip("/")
    place = f"arn:aws:s3:::{name}/{prefix}{'/' if prefix else ''}AWSLogs/{ACCOUNT_ID}/ELBAccessLogTestFile"
    bucket: Any = emulation.backend("s3", "aws").buckets.get(name)
    if bucket is None or not _may_write(bucket.policy, place, call.region):
        raise RefusalError(
            "InvalidConfigurationRequest", f"Access Denied for bucket: {name}. Please check S3bucket permission"
        )


RULES = {"ModifyLoadBalancerAttributes": modify_load_balancer_attributes}


def _may_write(policy: bytes | None, place: str, region: str) -> bool:
    spoken = [
        one
        for one in (statements(policy) if policy else ())
        if _means_the_balancer(one, region) and speaks_of(one, "s3:PutObject", place)
    ]
    denied = any(one.get("Effect") == "Deny" and not one.get("Condition") for one in spoken)
    return not denied and any(one.get("Effect") == "Allow" for one in spoken)


def _means_the_balancer(statement: Mapping[str, Any], region: str) -> bool:
    principal: Any = statement.get("Principal")
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    named: Mapping[str, Any] = principal  # pyright: ignore[reportUnknownVariableType] - JSON
    account = _ACCOUNTS.get(region, "")
    accounts = {"*", account, f"arn:aws:iam::{account}:root"} if account else {"*"}
    return _SERVICE in several(named.get("Service")) or bool(accounts.intersection(several(named.get("AWS"))))
