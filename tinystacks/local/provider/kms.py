"""`aws:kms/key:Key` and `aws:kms/alias:Alias`."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import ignoring, is_error, passing
from tinystacks.local.provider.ec2_tags import changed_tags
from tinystacks.local.provider.forms import present
from tinystacks.local.provider.handler import Call, Inputs, tried_until
from tinystacks.local.provider.policy_texts import policy_text

GONE_STATES: Final = frozenset({"PendingDeletion", "PendingReplicaDeletion"})
NOT_HERE: Final = ("customKeyStoreId", "xksKeyId")
SETTLE_SECONDS: Final = 10.0


class KeyHandler:
    """A key; AWS keeps it for some days after its deletion, which counts as gone."""

    token: ClassVar[str] = "aws:kms/key:Key"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateKey, then rotation, then DisableKey if it is to be off."""
        for name in NOT_HERE:
            if inputs.get(name):
                raise LocalAwsError(f"the local AWS does not know '{name}' of KMS keys")
        kms = call.clients("kms")
        optional: dict[str, Any] = {
            "Description": inputs.get("description"),
            "KeyUsage": inputs.get("keyUsage"),
            "KeySpec": inputs.get("customerMasterKeySpec"),
            "MultiRegion": inputs.get("multiRegion"),
            "Policy": inputs.get("policy"),
            "Tags": _tag_list(inputs.get("tagsAll")) or None,
        }
        key_id = kms.create_key(
            BypassPolicyLockoutSafetyCheck=bool(inputs.get("bypassPolicyLockoutSafetyCheck")),
            **present(optional),
        )["KeyMetadata"]["KeyId"]
        if inputs.get("enableKeyRotation"):
            _set_rotation(kms, key_id, inputs)
        if inputs.get("isEnabled") is False:
            kms.disable_key(KeyId=key_id)
        return key_id

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """DescribeKey, GetKeyPolicy, GetKeyRotationStatus and its tags."""
        kms = call.clients("kms")
        try:
            key = kms.describe_key(KeyId=resource_id)["KeyMetadata"]
        except kms.exceptions.NotFoundException:
            return None
        if key["KeyState"] in GONE_STATES:
            return None
        rotation = _rotation(kms, resource_id)
        found = kms.get_key_policy(KeyId=resource_id, PolicyName="default")["Policy"]
        return {
            "arn": key["Arn"],
            "customerMasterKeySpec": key.get("KeySpec") or key.get("CustomerMasterKeySpec"),
            "description": key.get("Description", ""),
            "enableKeyRotation": bool(rotation.get("KeyRotationEnabled")),
            "isEnabled": key["Enabled"],
            "keyId": key["KeyId"],
            "keyUsage": key["KeyUsage"],
            "multiRegion": key.get("MultiRegion", False),
            "policy": policy_text(found, state.get("policy")),
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
            "tagsAll": _tags(kms, resource_id),
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """EnableKey first, DisableKey last: a disabled key takes no other change."""
        kms = call.clients("kms")
        if "isEnabled" in changed and new.get("isEnabled", True):
            kms.enable_key(KeyId=resource_id)
        if changed & {"enableKeyRotation", "rotationPeriodInDays"}:
            if new.get("enableKeyRotation"):
                _set_rotation(kms, resource_id, new)
            else:
                kms.disable_key_rotation(KeyId=resource_id)
        if "description" in changed:
            kms.update_key_description(KeyId=resource_id, Description=new.get("description") or "")
        if changed & {"policy", "bypassPolicyLockoutSafetyCheck"} and new.get("policy"):
            kms.put_key_policy(
                KeyId=resource_id,
                PolicyName="default",
                Policy=new["policy"],
                BypassPolicyLockoutSafetyCheck=bool(new.get("bypassPolicyLockoutSafetyCheck")),
            )
        removed, added = changed_tags(old, new)
        if removed:
            kms.untag_resource(KeyId=resource_id, TagKeys=removed)
        if added:
            kms.tag_resource(KeyId=resource_id, Tags=_tag_list(added))
        if "isEnabled" in changed and not new.get("isEnabled", True):
            kms.disable_key(KeyId=resource_id)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """ScheduleKeyDeletion."""
        window = state.get("deletionWindowInDays")
        with ignoring("NotFoundException", "KMSInvalidStateException"):
            call.clients("kms").schedule_key_deletion(
                KeyId=resource_id,
                **({"PendingWindowInDays": window} if window else {}),
            )


class AliasHandler:
    """A name for a key; its id is the name with `alias/`."""

    token: ClassVar[str] = "aws:kms/alias:Alias"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateAlias, again while the key is not visible yet."""
        kms = call.clients("kms")
        tried_until(
            call,
            lambda: kms.create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"]),
            passing=passing("NotFoundException"),
            timeout_seconds=SETTLE_SECONDS,
        )
        return inputs["name"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """Look for it in ListAliases."""
        del state
        pages = call.clients("kms").get_paginator("list_aliases").paginate()
        aliases = (entry for page in pages for entry in page["Aliases"])
        alias = next((entry for entry in aliases if entry["AliasName"] == resource_id), None)
        if alias is None or not alias.get("TargetKeyId"):
            return None
        key_id = alias["TargetKeyId"]
        return {
            "arn": alias["AliasArn"],
            "name": alias["AliasName"],
            "targetKeyArn": f"{alias['AliasArn'].rsplit(':', 1)[0]}:key/{key_id}",
            "targetKeyId": key_id,
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """UpdateAlias."""
        del old
        if "targetKeyId" in changed:
            call.clients("kms").update_alias(AliasName=resource_id, TargetKeyId=new["targetKeyId"])

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteAlias."""
        del state
        with ignoring("NotFoundException"):
            call.clients("kms").delete_alias(AliasName=resource_id)


def _set_rotation(kms: Any, key_id: str, inputs: Inputs) -> None:
    period = inputs.get("rotationPeriodInDays")
    kms.enable_key_rotation(KeyId=key_id, **({"RotationPeriodInDays": period} if period else {}))


def _rotation(kms: Any, key_id: str) -> dict[str, Any]:
    try:
        return kms.get_key_rotation_status(KeyId=key_id)
    except Exception as error:
        # Keys that cannot rotate say so in different ways.
        if is_error(error, "UnsupportedOperationException", "KMSInvalidStateException"):
            return {}
        raise


def _tags(kms: Any, key_id: str) -> dict[str, str]:
    tags: list[dict[str, str]] = kms.list_resource_tags(KeyId=key_id).get("Tags", [])
    return {tag["TagKey"]: tag["TagValue"] for tag in tags}


def _tag_list(tags: dict[str, str] | None) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in sorted((tags or {}).items())]
