"""`aws:secretsmanager/secret:Secret`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from tinystacks.local.provider.api_errors import ignoring
from tinystacks.local.provider.ec2_tags import changed_tags, tag_list, tag_map
from tinystacks.local.provider.forms import blocks, present
from tinystacks.local.provider.policy_texts import policy_text

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Call, Inputs


class SecretHandler:
    """A secret without its value; its id is the ARN."""

    token: ClassVar[str] = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateSecret, then PutResourcePolicy."""
        secrets = call.clients("secretsmanager")
        optional: dict[str, Any] = {
            "Description": inputs.get("description"),
            "KmsKeyId": inputs.get("kmsKeyId"),
            "Tags": tag_list(inputs.get("tagsAll")) or None,
            "AddReplicaRegions": [_replica(entry) for entry in blocks(inputs.get("replicas"))] or None,
        }
        arn = secrets.create_secret(
            Name=inputs["name"],
            ForceOverwriteReplicaSecret=bool(inputs.get("forceOverwriteReplicaSecret")),
            **present(optional),
        )["ARN"]
        if _says_something(inputs.get("policy")):
            secrets.put_resource_policy(SecretId=arn, ResourcePolicy=inputs["policy"])
        return arn

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """DescribeSecret and GetResourcePolicy; one with a deletion date counts as gone."""
        secrets = call.clients("secretsmanager")
        try:
            secret = secrets.describe_secret(SecretId=resource_id)
        except secrets.exceptions.ResourceNotFoundException:
            return None
        if secret.get("DeletedDate"):
            return None
        policy = secrets.get_resource_policy(SecretId=resource_id).get("ResourcePolicy")
        return {
            "arn": secret["ARN"],
            "description": secret.get("Description") or None,
            "kmsKeyId": secret.get("KmsKeyId") or None,
            "name": secret["Name"],
            "policy": policy_text(policy, state.get("policy")) if policy else state.get("policy") and "{}",
            "replicas": [
                {
                    "region": entry["Region"],
                    "kmsKeyId": entry.get("KmsKeyId"),
                    "status": entry.get("Status"),
                    "statusMessage": entry.get("StatusMessage"),
                }
                for entry in blocks(secret.get("ReplicationStatus"))
            ],
            "tagsAll": tag_map(secret.get("Tags")),
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Replicas, description and key, policy, tags: each by its own call."""
        secrets = call.clients("secretsmanager")
        if "replicas" in changed:
            _change_replicas(secrets, resource_id, old, new)
        if changed & {"description", "kmsKeyId"}:
            key = new.get("kmsKeyId")
            secrets.update_secret(
                SecretId=resource_id,
                Description=new.get("description") or "",
                **({"KmsKeyId": key} if key else {}),
            )
        if "policy" in changed:
            if _says_something(new.get("policy")):
                secrets.put_resource_policy(SecretId=resource_id, ResourcePolicy=new["policy"])
            else:
                secrets.delete_resource_policy(SecretId=resource_id)
        removed, added = changed_tags(old, new)
        if removed:
            secrets.untag_resource(SecretId=resource_id, TagKeys=removed)
        if added:
            secrets.tag_resource(SecretId=resource_id, Tags=tag_list(added))

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteSecret with the recovery window, or at once for 0."""
        secrets = call.clients("secretsmanager")
        window = state.get("recoveryWindowInDays", 30)
        with ignoring("ResourceNotFoundException"):
            regions = [entry["region"] for entry in blocks(state.get("replicas"))]
            if regions:
                secrets.remove_regions_from_replication(SecretId=resource_id, RemoveReplicaRegions=regions)
            secrets.delete_secret(
                SecretId=resource_id,
                **({"RecoveryWindowInDays": window} if window else {"ForceDeleteWithoutRecovery": True}),
            )


def _says_something(policy: str | None) -> bool:
    """`{}` is how a program takes a policy away."""
    return bool(policy) and json.loads(policy or "{}") != {}


def _replica(entry: Inputs) -> dict[str, str]:
    key = entry.get("kmsKeyId")
    return {"Region": entry["region"], **({"KmsKeyId": key} if key else {})}


def _change_replicas(secrets: Any, resource_id: str, old: Inputs, new: Inputs) -> None:
    before = {entry["region"] for entry in blocks(old.get("replicas"))}
    after = {entry["region"]: entry for entry in blocks(new.get("replicas"))}
    if before - after.keys():
        secrets.remove_regions_from_replication(
            SecretId=resource_id, RemoveReplicaRegions=sorted(before - after.keys())
        )
    added = [_replica(after[region]) for region in sorted(after.keys() - before)]
    if added:
        secrets.replicate_secret_to_regions(
            SecretId=resource_id,
            AddReplicaRegions=added,
            ForceOverwriteReplicaSecret=bool(new.get("forceOverwriteReplicaSecret")),
        )
