"""`aws:iam/role:Role`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from tinystacks.local.provider.api_errors import ignoring, is_error
from tinystacks.local.provider.ec2_tags import changed_tags, tag_list, tag_map
from tinystacks.local.provider.forms import present, texts
from tinystacks.local.provider.handler import Call, Inputs, tried_until
from tinystacks.local.provider.policy_texts import policy_text

if TYPE_CHECKING:
    from collections.abc import Iterable

SETTLE_SECONDS: Final = 10.0
"""How long a conflict is borne. IAM needs up to two minutes to settle; the local AWS settles at once, so this only
covers calls that run side by side."""


class RoleHandler:
    """A role; its attachments are mostly resources of their own."""

    token: ClassVar[str] = "aws:iam/role:Role"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateRole, then PutRolePolicy and AttachRolePolicy for what the program gave inline."""
        iam, name = call.clients("iam"), inputs["name"]
        optional = {
            "Description": inputs.get("description"),
            "PermissionsBoundary": inputs.get("permissionsBoundary"),
            "Tags": tag_list(inputs.get("tagsAll")) or None,
        }
        iam.create_role(
            RoleName=name,
            Path=inputs.get("path") or "/",
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            MaxSessionDuration=inputs.get("maxSessionDuration") or 3600,
            **present(optional),
        )
        for policy in _named_policies(inputs.get("inlinePolicies")):
            iam.put_role_policy(RoleName=name, PolicyName=policy["name"], PolicyDocument=policy["policy"])
        for arn in texts(inputs.get("managedPolicyArns")):
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        return name

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """GetRole with its inline and attached policies."""
        iam = call.clients("iam")
        try:
            role = iam.get_role(RoleName=resource_id)["Role"]
        except iam.exceptions.NoSuchEntityException:
            return None
        return {
            "arn": role["Arn"],
            "assumeRolePolicy": policy_text(role["AssumeRolePolicyDocument"], state.get("assumeRolePolicy")),
            "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "description": role.get("Description") or None,
            "inlinePolicies": _inline_policies(iam, resource_id, state.get("inlinePolicies")),
            "managedPolicyArns": _attached(iam, resource_id),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "name": role["RoleName"],
            "path": role["Path"],
            "permissionsBoundary": (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
            "tagsAll": tag_map(role.get("Tags")),
            "uniqueId": role["RoleId"],
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """One call per changed property, tags first."""
        iam = call.clients("iam")
        removed, added = changed_tags(old, new)
        if removed:
            iam.untag_role(RoleName=resource_id, TagKeys=removed)
        if added:
            iam.tag_role(RoleName=resource_id, Tags=tag_list(added))
        if "assumeRolePolicy" in changed:
            iam.update_assume_role_policy(RoleName=resource_id, PolicyDocument=new["assumeRolePolicy"])
        if "description" in changed:
            iam.update_role_description(RoleName=resource_id, Description=new.get("description") or "")
        if "maxSessionDuration" in changed:
            iam.update_role(
                RoleName=resource_id,
                Description=new.get("description") or "",
                MaxSessionDuration=new["maxSessionDuration"],
            )
        if "permissionsBoundary" in changed:
            _set_boundary(iam, resource_id, new.get("permissionsBoundary"))
        if "inlinePolicies" in changed:
            _replace_inline(iam, resource_id, old.get("inlinePolicies"), new.get("inlinePolicies"))
        if "managedPolicyArns" in changed:
            _replace_attached(iam, resource_id, old.get("managedPolicyArns"), new.get("managedPolicyArns"))

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """Take it out of instance profiles, detach what the state knows of (or all of it), DeleteRole."""
        iam = call.clients("iam")
        with ignoring("NoSuchEntity"):
            for profile in iam.list_instance_profiles_for_role(RoleName=resource_id)["InstanceProfiles"]:
                with ignoring("NoSuchEntity"):
                    iam.remove_role_from_instance_profile(
                        InstanceProfileName=profile["InstanceProfileName"],
                        RoleName=resource_id,
                    )
            if state.get("forceDetachPolicies") or state.get("managedPolicyArns"):
                for arn in _attached(iam, resource_id):
                    with ignoring("NoSuchEntity"):
                        iam.detach_role_policy(RoleName=resource_id, PolicyArn=arn)
            if state.get("forceDetachPolicies") or state.get("inlinePolicies"):
                for policy in _inline_policies(iam, resource_id, None):
                    with ignoring("NoSuchEntity"):
                        iam.delete_role_policy(RoleName=resource_id, PolicyName=policy["name"])
            tried_until(
                call,
                lambda: iam.delete_role(RoleName=resource_id),
                passing=lambda error: is_error(error, "DeleteConflict"),
                timeout_seconds=SETTLE_SECONDS,
            )


def _named_policies(policies: Iterable[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Inline policies that say something; an empty entry only means "no others"."""
    return [policy for policy in policies or () if policy.get("policy") and policy.get("name")]


def _attached(iam: Any, name: str) -> list[str]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
    return sorted(policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"])


def _inline_policies(iam: Any, name: str, known: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    texts = {policy.get("name"): policy.get("policy") for policy in known or []}
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=name)
    names = [policy_name for page in pages for policy_name in page["PolicyNames"]]
    return [
        {
            "name": policy_name,
            "policy": policy_text(
                iam.get_role_policy(RoleName=name, PolicyName=policy_name)["PolicyDocument"],
                texts.get(policy_name),
            ),
        }
        for policy_name in names
    ]


def _set_boundary(iam: Any, name: str, boundary: str | None) -> None:
    if boundary:
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    else:
        iam.delete_role_permissions_boundary(RoleName=name)


def _replace_attached(iam: Any, name: str, old: Any, new: Any) -> None:
    before, after = set(texts(old)), set(texts(new))
    for arn in sorted(before - after):
        with ignoring("NoSuchEntity"):
            iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    for arn in sorted(after - before):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)


def _replace_inline(iam: Any, name: str, old: Any, new: Any) -> None:
    before = {policy["name"]: policy["policy"] for policy in _named_policies(old)}
    after = {policy["name"]: policy["policy"] for policy in _named_policies(new)}
    for policy_name in sorted(before.keys() - after.keys()):
        with ignoring("NoSuchEntity"):
            iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
    for policy_name, text in sorted(after.items()):
        if before.get(policy_name) != text:
            iam.put_role_policy(RoleName=name, PolicyName=policy_name, PolicyDocument=text)
