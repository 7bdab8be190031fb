"""`aws:ec2/securityGroup:SecurityGroup` and `aws:ec2/defaultSecurityGroup:DefaultSecurityGroup`."""

from __future__ import annotations

from typing import Any, ClassVar

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import after_creation, ignoring, passing
from tinystacks.local.provider.api_shapes import entries, known_form, refuse_unknown
from tinystacks.local.provider.ec2_inline_rules import SingleRule, all_single_rules, from_answer, inline_entries
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.ec2_tags import arn, specification, tag_map, update_tags
from tinystacks.local.provider.ec2_vpc import delete_leftover_interfaces
from tinystacks.local.provider.handler import Call, Inputs, polling, tried_until

GROUP_INPUTS = frozenset(
    {"name", "namePrefix", "description", "vpcId", "ingress", "egress", "revokeRulesOnDelete"},
)
DEFAULT_GROUP_INPUTS = frozenset({"vpcId", "ingress", "egress", "revokeRulesOnDelete"})
OPEN_EGRESS = (
    SingleRule(protocol="-1", from_port=0, to_port=0, kind="cidr_ipv4", other="0.0.0.0/0"),
    SingleRule(protocol="-1", from_port=0, to_port=0, kind="cidr_ipv6", other="::/0"),
)
"""What AWS puts into a new group and the provider takes out again."""


class SecurityGroupHandler:
    """A security group, with the rules that the program lists in it."""

    token: ClassVar[str] = "aws:ec2/securityGroup:SecurityGroup"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateSecurityGroup; AWS's own way out is revoked, then the listed rules are authorised."""
        refuse_unknown(self.token, inputs, GROUP_INPUTS)
        ec2 = call.clients("ec2")
        group_id: str = ec2.create_security_group(
            GroupName=inputs["name"],
            Description=inputs.get("description") or "Managed by Pulumi",
            TagSpecifications=specification("security-group", inputs),
            **({"VpcId": inputs["vpcId"]} if inputs.get("vpcId") else {}),
        )["GroupId"]
        with after_creation(group_id):
            polling(call, lambda: found_group(call, group_id), until=f"EC2 Security Group ({group_id}) to be visible")
            for rule in OPEN_EGRESS:
                with ignoring("InvalidPermission.NotFound", "InvalidParameterValue"):
                    ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=[rule.permission()])
            authorize(call, group_id, "ingress", all_single_rules(entries(inputs, "ingress"), group_id))
            authorize(call, group_id, "egress", all_single_rules(entries(inputs, "egress"), group_id))
        return group_id

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The group and all its rules, in the entries of the program where they fit."""
        return read_group(call, resource_id, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; rules are revoked first, then authorised."""
        refuse_unknown(self.token, new, GROUP_INPUTS)
        update_tags(call, resource_id, old, new)
        update_rules(call, resource_id, old, new, changed)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteSecurityGroup, again while an interface or another group holds it; then until it is gone."""
        ec2 = call.clients("ec2")
        delete_leftover_interfaces(call, "group-id", resource_id)
        if state.get("revokeRulesOnDelete"):
            revoke_everything(call, resource_id)
        with ignoring("InvalidGroup.NotFound"):
            tried_until(
                call,
                lambda: ec2.delete_security_group(GroupId=resource_id),
                passing=passing("DependencyViolation", "InvalidGroup.InUse"),
                timeout_seconds=900,
            )
        polling(
            call,
            lambda: True if found_group(call, resource_id) is None else None,
            until=f"EC2 Security Group ({resource_id}) to be deleted",
            timeout_seconds=300,
        )


class DefaultSecurityGroupHandler:
    """The group `default` of a VPC: adopted and emptied, never made nor deleted."""

    token: ClassVar[str] = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """Find it, tag it, revoke everything, authorise what is listed."""
        refuse_unknown(self.token, inputs, DEFAULT_GROUP_INPUTS)
        filters: list[dict[str, Any]] = [{"Name": "group-name", "Values": ["default"]}]
        if inputs.get("vpcId"):
            filters.append({"Name": "vpc-id", "Values": [inputs["vpcId"]]})
        groups = call.clients("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
        if not groups:
            raise LocalAwsError(f"EC2 Default Security Group of VPC {inputs.get('vpcId')}: not found")
        group_id: str = groups[0]["GroupId"]
        update_tags(call, group_id, {"tagsAll": tag_map(groups[0].get("Tags"))}, inputs)
        revoke_everything(call, group_id)
        authorize(call, group_id, "ingress", all_single_rules(entries(inputs, "ingress"), group_id))
        authorize(call, group_id, "egress", all_single_rules(entries(inputs, "egress"), group_id))
        return group_id

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """As any security group."""
        return read_group(call, resource_id, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """As any security group."""
        refuse_unknown(self.token, new, DEFAULT_GROUP_INPUTS)
        update_tags(call, resource_id, old, new)
        update_rules(call, resource_id, old, new, changed)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """Nothing: it is only forgotten, and goes with its VPC."""
        del call, resource_id, state


def found_group(call: Call, group_id: str) -> dict[str, Any] | None:
    """The group of that id, or None."""
    ec2 = call.clients("ec2")
    return one_or_none(
        lambda: ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"],
        "InvalidGroup.NotFound",
        "InvalidGroupId.NotFound",
    )


def read_group(call: Call, group_id: str, state: Inputs) -> Inputs | None:
    """All properties of a security group, or None when it is gone."""
    group = found_group(call, group_id)
    if group is None:
        return None
    found = group_rules(call, group_id)
    answer: Inputs = {
        "arn": arn(call, "security-group", group_id),
        "name": group["GroupName"],
        "description": group.get("Description"),
        "vpcId": group.get("VpcId"),
        "ownerId": group.get("OwnerId", call.account_id),
        "tagsAll": tag_map(group.get("Tags")),
        "ingress": inline_entries(
            (from_answer(rule) for rule in found if not rule["IsEgress"]), entries(state, "ingress"), group_id
        ),
        "egress": inline_entries(
            (from_answer(rule) for rule in found if rule["IsEgress"]), entries(state, "egress"), group_id
        ),
    }
    # Without rules both stand as empty lists, whether or not the program manages them here.
    known: Inputs = {"ingress": [], "egress": [], **state}
    return known_form(answer, known)


def group_rules(call: Call, group_id: str) -> list[dict[str, Any]]:
    """Every single rule of a group as DescribeSecurityGroupRules gives it."""
    pages = call.clients("ec2").get_paginator("describe_security_group_rules")
    answer = pages.paginate(Filters=[{"Name": "group-id", "Values": [group_id]}]).build_full_result()
    return [with_description(call, rule) for rule in answer["SecurityGroupRules"]]


def with_description(call: Call, rule: dict[str, Any]) -> dict[str, Any]:
    """The rule with its description, which emulators tell of group sources in the group's permissions only."""
    source: dict[str, str] = rule.get("ReferencedGroupInfo") or {}
    if rule.get("Description") is not None or not source:
        return rule
    group = found_group(call, rule["GroupId"]) or {}
    for permission in group.get("IpPermissionsEgress" if rule["IsEgress"] else "IpPermissions", []):
        ports = ("IpProtocol", "FromPort", "ToPort")
        if any(permission.get(name, -1) != rule.get(name, -1) for name in ports):
            continue
        for pair in permission.get("UserIdGroupPairs", []):
            if pair.get("GroupId") == source.get("GroupId") and pair.get("Description"):
                return rule | {"Description": pair["Description"]}
    return rule


def authorize(call: Call, group_id: str, direction: str, rules: list[SingleRule]) -> None:
    """Authorise rules of one direction (`ingress` or `egress`) in one call."""
    if rules:
        act = getattr(call.clients("ec2"), f"authorize_security_group_{direction}")
        act(GroupId=group_id, IpPermissions=[rule.permission() for rule in rules])


def update_rules(call: Call, group_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
    """Bring both directions from old to new: what is gone is revoked before what is new is authorised."""
    for direction in ("ingress", "egress"):
        if direction not in changed or new.get(direction) is None:
            continue
        before = all_single_rules(entries(old, direction), group_id)
        after = all_single_rules(entries(new, direction), group_id)
        gone = [rule for rule in before if rule not in after]
        if gone:
            revoke = getattr(call.clients("ec2"), f"revoke_security_group_{direction}")
            with ignoring("InvalidPermission.NotFound"):
                revoke(GroupId=group_id, IpPermissions=[rule.permission() for rule in gone])
        authorize(call, group_id, direction, [rule for rule in after if rule not in before])


def revoke_everything(call: Call, group_id: str) -> None:
    """Revoke all rules of a group, and other groups' rules that name it."""
    ec2 = call.clients("ec2")
    naming: list[dict[str, Any]] = [
        rule
        for rule in ec2.get_paginator("describe_security_group_rules")
        .paginate()
        .build_full_result()["SecurityGroupRules"]
        if group_id in {rule["GroupId"], (rule.get("ReferencedGroupInfo") or {}).get("GroupId")}
    ]
    for rule in naming:
        revoke = ec2.revoke_security_group_egress if rule["IsEgress"] else ec2.revoke_security_group_ingress
        with ignoring("InvalidPermission.NotFound", "InvalidSecurityGroupRuleId.NotFound"):
            revoke(GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
