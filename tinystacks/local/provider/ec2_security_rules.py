"""Rules of security groups as resources of their own: the single ones, and the older grouped one."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, ClassVar

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import ignoring
from tinystacks.local.provider.api_shapes import entries, known_form, refuse_unknown
from tinystacks.local.provider.ec2_inline_rules import (
    ALL_PROTOCOLS,
    SingleRule,
    from_answer,
    inline_entries,
    protocol_name,
    single_rules,
)
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.ec2_security_groups import authorize, group_rules, with_description
from tinystacks.local.provider.ec2_tags import arn, specification, tag_map, update_tags

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Call, Inputs

SOURCES = {
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "prefixListId": "PrefixListId",
    "referencedSecurityGroupId": "ReferencedGroupId",
}
"""The four kinds of the other side, and their names in ModifySecurityGroupRules."""

RULE_INPUTS = frozenset({*SOURCES, "securityGroupId", "ipProtocol", "fromPort", "toPort", "description"})
KINDS = {
    "cidrIpv4": "cidr_ipv4",
    "cidrIpv6": "cidr_ipv6",
    "prefixListId": "prefix_list",
    "referencedSecurityGroupId": "group",
}
RULE_GONE_CODES = ("InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound")


class SecurityGroupIngressRuleHandler:
    """One rule that lets something in."""

    token: ClassVar[str] = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"  # noqa: S105 - a type token, no secret
    direction: ClassVar[str] = "ingress"

    def create(self, call: Call, inputs: Inputs) -> str:
        """Authorise with a single permission; the tags go with the call."""
        refuse_unknown(self.token, inputs, RULE_INPUTS)
        authorise = getattr(call.clients("ec2"), f"authorize_security_group_{self.direction}")
        source = _source(inputs)
        rule = SingleRule(
            protocol=protocol_name(inputs["ipProtocol"]),
            from_port=int(inputs.get("fromPort") or 0),
            to_port=int(inputs.get("toPort") or 0),
            kind=KINDS[source],
            other=str(inputs[source]).rsplit("/", 1)[-1] if source == "referencedSecurityGroupId" else inputs[source],
            description=inputs.get("description") or "",
        )
        answer = authorise(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[rule.permission()],
            TagSpecifications=specification("security-group-rule", inputs),
        )
        return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The rule, when it is one of this direction; ports of protocol -1 are as the program left them."""
        rule = self._found(call, resource_id)
        if rule is None:
            return None
        group: dict[str, str] = rule.get("ReferencedGroupInfo") or {}
        protocol = str(rule["IpProtocol"])
        known_protocol = state.get("ipProtocol")
        answer: Inputs = {
            "arn": arn(call, "security-group-rule", resource_id),
            "securityGroupRuleId": resource_id,
            "securityGroupId": rule["GroupId"],
            "ipProtocol": known_protocol if protocol_name(known_protocol) == protocol_name(protocol) else protocol,
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "prefixListId": rule.get("PrefixListId"),
            "referencedSecurityGroupId": group.get("GroupId"),
            "description": rule.get("Description"),
            "tagsAll": tag_map(rule.get("Tags")),
        }
        known_group = str(state.get("referencedSecurityGroupId") or "")
        if known_group.rsplit("/", 1)[-1] == answer["referencedSecurityGroupId"]:
            answer["referencedSecurityGroupId"] = known_group
        for name, member in (("fromPort", "FromPort"), ("toPort", "ToPort")):
            if protocol_name(protocol) == ALL_PROTOCOLS:
                answer[name] = state.get(name)
            else:
                answer[name] = rule.get(member)
        return known_form(answer, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; anything of the rule itself is one ModifySecurityGroupRules."""
        refuse_unknown(self.token, new, RULE_INPUTS)
        update_tags(call, resource_id, old, new)
        if not changed & RULE_INPUTS:
            return
        source = _source(new)
        everything = protocol_name(new["ipProtocol"]) == ALL_PROTOCOLS
        members: Inputs = {
            "IpProtocol": protocol_name(new["ipProtocol"]),
            "FromPort": -1 if everything else int(new.get("fromPort") or 0),
            "ToPort": -1 if everything else int(new.get("toPort") or 0),
            SOURCES[source]: str(new[source]).rsplit("/", 1)[-1] if KINDS[source] == "group" else new[source],
            "Description": new.get("description") or "",
        }
        call.clients("ec2").modify_security_group_rules(
            GroupId=new["securityGroupId"],
            SecurityGroupRules=[{"SecurityGroupRuleId": resource_id, "SecurityGroupRule": members}],
        )
        present = self.read(call, resource_id, new) or {}
        if present.get(source) != new[source]:
            raise LocalAwsError(
                f"the local AWS cannot change {source} of {resource_id} from {present.get(source)} to {new[source]}",
                hint="Give the rule another logical name, so that it is replaced.",
            )

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """Revoke by the rule's id; a rule or a group that is gone is done."""
        revoke = getattr(call.clients("ec2"), f"revoke_security_group_{self.direction}")
        with ignoring(*RULE_GONE_CODES, "InvalidPermission.NotFound"):
            revoke(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[resource_id])

    def replace_keys(self, old: Inputs, new: Inputs) -> frozenset[str]:
        """Another kind of source or destination is another rule."""
        return frozenset(name for name in SOURCES if bool(old.get(name)) is not bool(new.get(name)))

    def _found(self, call: Call, rule_id: str) -> dict[str, Any] | None:
        ec2 = call.clients("ec2")
        rule = one_or_none(
            lambda: ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule_id])["SecurityGroupRules"],
            *RULE_GONE_CODES,
        )
        return with_description(call, rule) if rule and rule["IsEgress"] is (self.direction == "egress") else None


class SecurityGroupEgressRuleHandler(SecurityGroupIngressRuleHandler):
    """One rule that lets something out."""

    token: ClassVar[str] = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"  # noqa: S105 - a type token, no secret
    direction: ClassVar[str] = "egress"


class SecurityGroupRuleHandler:
    """The older, grouped form: one resource with several sources. awsx makes it for VPC endpoints."""

    token: ClassVar[str] = "aws:ec2/securityGroupRule:SecurityGroupRule"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """Authorise all its sources in one call."""
        group_id: str = inputs["securityGroupId"]
        authorize(call, group_id, inputs["type"], single_rules(_inline(inputs), group_id))
        parts = [
            group_id,
            inputs["type"],
            *(f"{name}={inputs[name]}" for name in sorted(_inline(inputs)) if name in inputs),
        ]
        return f"sgrule-{zlib.crc32('-'.join(parts).encode())}"

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """Those of its sources that AWS still has; None when none is left."""
        del resource_id
        if not state.get("securityGroupId"):
            raise LocalAwsError(f"the local AWS does not import {self.token}")
        group_id: str = state["securityGroupId"]
        try:
            found = group_rules(call, group_id)
        except call.clients("ec2").exceptions.ClientError:
            return None
        wanted = set(single_rules(_inline(state), group_id))
        present = [
            from_answer(rule)
            for rule in found
            if rule["IsEgress"] is (state["type"] == "egress") and from_answer(rule) in wanted
        ]
        if not present:
            return None
        inline = inline_entries(present, [_inline(state)], group_id)[0]
        sources = inline.pop("securityGroups", [])
        answer: Inputs = {
            "securityGroupId": group_id,
            "type": state["type"],
            **inline,
            "sourceSecurityGroupId": sources[0] if sources else None,
        }
        return known_form(answer, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Only the description changes in place: revoked and authorised again."""
        del changed
        self.delete(call, resource_id, old)
        self.create(call, new)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """Revoke its sources."""
        del resource_id
        group_id: str = state["securityGroupId"]
        revoke = getattr(call.clients("ec2"), f"revoke_security_group_{state['type']}")
        with ignoring("InvalidPermission.NotFound", "InvalidGroup.NotFound"):
            permissions = [rule.permission() for rule in single_rules(_inline(state), group_id)]
            revoke(GroupId=group_id, IpPermissions=permissions)


def _source(inputs: Inputs) -> str:
    """Which of the four kinds the program gave; the framework has refused none or several."""
    return next(name for name in SOURCES if inputs.get(name))


def _inline(inputs: Inputs) -> Inputs:
    """The grouped rule as an entry of a group's `ingress` or `egress`."""
    names = ("fromPort", "toPort", "protocol", "cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "self", "description")
    inline: Inputs = {name: inputs[name] for name in names if inputs.get(name) is not None}
    if inputs.get("sourceSecurityGroupId"):
        inline["securityGroups"] = [inputs["sourceSecurityGroupId"], *entries(inputs, "securityGroups")]
    return inline
