"""ARNs, ids and address ranges that AWS would refuse late."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tinystacks.spec.checks.finding import Finding, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.positions import KeyPath
    from tinystacks.spec.service import ServiceSpec

_KMS_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/[A-Za-z0-9/_-]+")
_POLICY = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]+")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+(\.fifo)?")
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9*?]+")
_RESOURCE = re.compile(r"\*|arn:[^\s:]*:[^\s:]*:[^\s:]*:[^\s:]*:\S+")


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check the forms of ARNs and IAM statements."""
    if stage.alarms.topic is not None and not _TOPIC.fullmatch(stage.alarms.topic):
        message = "must be the ARN of an SNS topic, such as `arn:aws:sns:eu-west-1:123456789012:alerts`"
        yield error(("alarms", "topic"), "topic-arn", message)
    for name, service in stage.services.items():
        path = ("services", name)
        keys: list[tuple[KeyPath, str]] = [((*path, "kms_keys", at), key) for at, key in enumerate(service.kms_keys)]
        if service.logs.kms_key is not None:
            keys.append(((*path, "logs", "kms_key"), service.logs.kms_key))
        for place, key in keys:
            if not _KMS_KEY.fullmatch(key):
                message = "must be the ARN of a KMS key, such as `arn:aws:kms:eu-west-1:123456789012:key/…`"
                yield error(place, "kms-key-arn", message)
        for at, policy in enumerate(service.policies):
            if not _POLICY.fullmatch(policy):
                message = (
                    "must be the ARN of a managed policy, such as `arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess`"
                )
                yield error((*path, "policies", at), "policy-arn", message)
        yield from _permissions(service, path)


def _permissions(service: ServiceSpec, path: KeyPath) -> Iterator[Finding]:
    for at, permission in enumerate(service.permissions):
        place = (*path, "permissions", at)
        for number, action in enumerate(permission.actions):
            if action == "*":
                message = "`*` lets the service do everything in the account; name the actions it needs"
                yield warning((*place, "actions", number), "permission-everything", message)
            elif not _ACTION.fullmatch(action):
                yield error(
                    (*place, "actions", number), "permission-action", "must be an IAM action, such as `s3:GetObject`"
                )
        for number, resource in enumerate(permission.resources):
            if not _RESOURCE.fullmatch(resource):
                yield error((*place, "resources", number), "permission-resource", "must be an ARN, or `*`")
