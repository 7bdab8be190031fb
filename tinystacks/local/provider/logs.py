"""`aws:cloudwatch/logGroup:LogGroup`."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import ignoring, passing
from tinystacks.local.provider.ec2_tags import changed_tags
from tinystacks.local.provider.handler import Call, Inputs, tried_until

DELIVERY: Final = "DELIVERY"
"""The class of log groups that have a fixed retention."""

DELETE_RETRY_SECONDS: Final = 60.0


class LogGroupHandler:
    """A log group; its id is its name."""

    token: ClassVar[str] = "aws:cloudwatch/logGroup:LogGroup"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateLogGroup, then PutRetentionPolicy; a group that is there already is an error."""
        if inputs.get("deletionProtectionEnabled"):
            raise LocalAwsError("the local AWS does not know deletion protection of log groups")
        logs, name = call.clients("logs"), inputs["name"]
        optional = {
            "kmsKeyId": inputs.get("kmsKeyId"),
            "logGroupClass": inputs.get("logGroupClass"),
            "tags": inputs.get("tagsAll") or None,
        }
        logs.create_log_group(logGroupName=name, **{key: value for key, value in optional.items() if value})
        if inputs.get("retentionInDays") and inputs.get("logGroupClass") != DELIVERY:
            logs.put_retention_policy(logGroupName=name, retentionInDays=inputs["retentionInDays"])
        return name

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """DescribeLogGroups by prefix, for the exact name."""
        logs = call.clients("logs")
        pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=resource_id)
        groups = (entry for page in pages for entry in page["logGroups"])
        group: dict[str, Any] | None = next((entry for entry in groups if entry["logGroupName"] == resource_id), None)
        if group is None:
            return None
        arn = group["arn"].removesuffix(":*")
        return {
            "arn": arn,
            "kmsKeyId": group.get("kmsKeyId"),
            "logGroupClass": group.get("logGroupClass") or state.get("logGroupClass") or "STANDARD",
            "deletionProtectionEnabled": False,
            "name": resource_id,
            "retentionInDays": group.get("retentionInDays", 0),
            "tagsAll": logs.list_tags_for_resource(resourceArn=arn).get("tags", {}),
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Retention, key and tags, each by its own call."""
        logs = call.clients("logs")
        if "retentionInDays" in changed:
            if new.get("retentionInDays"):
                logs.put_retention_policy(logGroupName=resource_id, retentionInDays=new["retentionInDays"])
            else:
                logs.delete_retention_policy(logGroupName=resource_id)
        if "kmsKeyId" in changed:
            if new.get("kmsKeyId"):
                logs.associate_kms_key(logGroupName=resource_id, kmsKeyId=new["kmsKeyId"])
            else:
                logs.disassociate_kms_key(logGroupName=resource_id)
        if "deletionProtectionEnabled" in changed and new.get("deletionProtectionEnabled"):
            raise LocalAwsError("the local AWS does not know deletion protection of log groups")
        removed, added = changed_tags(old, new)
        if removed:
            logs.untag_resource(resourceArn=old["arn"], tagKeys=removed)
        if added:
            logs.tag_resource(resourceArn=old["arn"], tags=added)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteLogGroup, unless `skipDestroy`."""
        if state.get("skipDestroy"):
            return
        with ignoring("ResourceNotFoundException"):
            tried_until(
                call,
                lambda: call.clients("logs").delete_log_group(logGroupName=resource_id),
                passing=passing("OperationAbortedException"),
                timeout_seconds=DELETE_RETRY_SECONDS,
            )
