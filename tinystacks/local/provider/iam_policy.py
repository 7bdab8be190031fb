"""`aws:iam/rolePolicy:RolePolicy`, `aws:iam/rolePolicyAttachment:RolePolicyAttachment`, `aws:iam/policy:Policy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from tinystacks.local.provider.api_errors import ignoring
from tinystacks.local.provider.ec2_tags import changed_tags, tag_list, tag_map
from tinystacks.local.provider.policy_texts import policy_text

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Call, Inputs

MAX_VERSIONS: Final = 5
"""Versions that IAM keeps of one policy (IAM and STS quotas)."""


class RolePolicyHandler:
    """An inline policy of a role; its id is `role:policy`."""

    token: ClassVar[str] = "aws:iam/rolePolicy:RolePolicy"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """PutRolePolicy, which also overwrites."""
        _put(call, inputs["role"], inputs["name"], inputs["policy"])
        return f"{inputs['role']}:{inputs['name']}"

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """GetRolePolicy."""
        iam = call.clients("iam")
        role, name = resource_id.split(":", 1)
        try:
            found = iam.get_role_policy(RoleName=role, PolicyName=name)
        except iam.exceptions.NoSuchEntityException:
            return None
        return {
            "name": name,
            "policy": policy_text(found["PolicyDocument"], state.get("policy")),
            "role": role,
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """PutRolePolicy again."""
        del old
        role, name = resource_id.split(":", 1)
        if "policy" in changed:
            _put(call, role, name, new["policy"])

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteRolePolicy."""
        del state
        role, name = resource_id.split(":", 1)
        with ignoring("NoSuchEntity"):
            call.clients("iam").delete_role_policy(RoleName=role, PolicyName=name)


def _put(call: Call, role: str, name: str, document: str) -> None:
    call.clients("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)


class RolePolicyAttachmentHandler:
    """A managed policy on a role; its id is `role/policy ARN`."""

    token: ClassVar[str] = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """AttachRolePolicy."""
        call.clients("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """Look for it among ListAttachedRolePolicies."""
        del state
        role, arn = resource_id.split("/", 1)
        iam = call.clients("iam")
        try:
            pages = list(iam.get_paginator("list_attached_role_policies").paginate(RoleName=role))
        except iam.exceptions.NoSuchEntityException:
            return None
        attached = {policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]}
        return {"role": role, "policyArn": arn} if arn in attached else None

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Nothing can be changed in place."""

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DetachRolePolicy."""
        del state
        role, arn = resource_id.split("/", 1)
        with ignoring("NoSuchEntity"):
            call.clients("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


class PolicyHandler:
    """A managed policy of the account; its id is the ARN."""

    token: ClassVar[str] = "aws:iam/policy:Policy"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreatePolicy."""
        tags = tag_list(inputs.get("tagsAll"))
        created = call.clients("iam").create_policy(
            PolicyName=inputs["name"],
            Path=inputs.get("path") or "/",
            Description=inputs.get("description") or "",
            PolicyDocument=inputs["policy"],
            **({"Tags": tags} if tags else {}),
        )
        return created["Policy"]["Arn"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """GetPolicy, and GetPolicyVersion of its default version."""
        iam = call.clients("iam")
        try:
            policy = iam.get_policy(PolicyArn=resource_id)["Policy"]
            version = iam.get_policy_version(PolicyArn=resource_id, VersionId=policy["DefaultVersionId"])
        except iam.exceptions.NoSuchEntityException:
            return None
        return {
            "arn": policy["Arn"],
            "attachmentCount": policy.get("AttachmentCount", 0),
            "description": policy.get("Description") or None,
            "name": policy["PolicyName"],
            "path": policy["Path"],
            "policy": policy_text(version["PolicyVersion"]["Document"], state.get("policy")),
            "policyId": policy["PolicyId"],
            "tagsAll": tag_map(policy.get("Tags")),
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """A new default version; the oldest other one goes when there are five."""
        iam = call.clients("iam")
        removed, added = changed_tags(old, new)
        if removed:
            iam.untag_policy(PolicyArn=resource_id, TagKeys=removed)
        if added:
            iam.tag_policy(PolicyArn=resource_id, Tags=tag_list(added))
        if "policy" not in changed:
            return
        versions = _versions(iam, resource_id)
        if len(versions) >= MAX_VERSIONS:
            spare = min((item for item in versions if not item["IsDefaultVersion"]), key=_version_number)
            iam.delete_policy_version(PolicyArn=resource_id, VersionId=spare["VersionId"])
        iam.create_policy_version(PolicyArn=resource_id, PolicyDocument=new["policy"], SetAsDefault=True)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeletePolicyVersion for all but the default one, then DeletePolicy."""
        del state
        iam = call.clients("iam")
        with ignoring("NoSuchEntity"):
            for version in _versions(iam, resource_id):
                if not version["IsDefaultVersion"]:
                    iam.delete_policy_version(PolicyArn=resource_id, VersionId=version["VersionId"])
            iam.delete_policy(PolicyArn=resource_id)


def _versions(iam: Any, arn: str) -> list[dict[str, Any]]:
    pages = iam.get_paginator("list_policy_versions").paginate(PolicyArn=arn)
    return [version for page in pages for version in page["Versions"]]


def _version_number(version: dict[str, Any]) -> int:
    return int(version["VersionId"].removeprefix("v"))
