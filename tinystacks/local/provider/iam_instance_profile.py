"""`aws:iam/instanceProfile:InstanceProfile`."""

from __future__ import annotations

from typing import ClassVar

from tinystacks.local.provider.api_errors import ignoring, is_error
from tinystacks.local.provider.ec2_tags import changed_tags, tag_list, tag_map
from tinystacks.local.provider.forms import blocks
from tinystacks.local.provider.handler import Call, Inputs, tried_until
from tinystacks.local.provider.iam_role import SETTLE_SECONDS


class InstanceProfileHandler:
    """What gives instances a role; its id is its name."""

    token: ClassVar[str] = "aws:iam/instanceProfile:InstanceProfile"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateInstanceProfile, then AddRoleToInstanceProfile."""
        name, tags = inputs["name"], tag_list(inputs.get("tagsAll"))
        call.clients("iam").create_instance_profile(
            InstanceProfileName=name,
            Path=inputs.get("path") or "/",
            **({"Tags": tags} if tags else {}),
        )
        if inputs.get("role"):
            _add_role(call, name, inputs["role"])
        return name

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """GetInstanceProfile."""
        del state
        iam = call.clients("iam")
        try:
            profile = iam.get_instance_profile(InstanceProfileName=resource_id)["InstanceProfile"]
        except iam.exceptions.NoSuchEntityException:
            return None
        roles = blocks(profile.get("Roles"))
        return {
            "arn": profile["Arn"],
            "createDate": profile["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "name": profile["InstanceProfileName"],
            "path": profile["Path"],
            "role": roles[0]["RoleName"] if roles else None,
            "tagsAll": tag_map(profile.get("Tags")),
            "uniqueId": profile["InstanceProfileId"],
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Exchange the role, tags first."""
        iam = call.clients("iam")
        removed, added = changed_tags(old, new)
        if removed:
            iam.untag_instance_profile(InstanceProfileName=resource_id, TagKeys=removed)
        if added:
            iam.tag_instance_profile(InstanceProfileName=resource_id, Tags=tag_list(added))
        if "role" in changed:
            if old.get("role"):
                with ignoring("NoSuchEntity"):
                    iam.remove_role_from_instance_profile(InstanceProfileName=resource_id, RoleName=old["role"])
            if new.get("role"):
                _add_role(call, resource_id, new["role"])

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """RemoveRoleFromInstanceProfile, DeleteInstanceProfile."""
        iam = call.clients("iam")
        if state.get("role"):
            with ignoring("NoSuchEntity"):
                iam.remove_role_from_instance_profile(InstanceProfileName=resource_id, RoleName=state["role"])
        with ignoring("NoSuchEntity"):
            iam.delete_instance_profile(InstanceProfileName=resource_id)


def _add_role(call: Call, name: str, role: str) -> None:
    tried_until(
        call,
        lambda: call.clients("iam").add_role_to_instance_profile(InstanceProfileName=name, RoleName=role),
        passing=lambda error: is_error(error, "NoSuchEntity"),
        timeout_seconds=SETTLE_SECONDS,
    )
