"""The rules that a security group carries itself: between the program's grouped form and AWS's single rules.

One entry of `ingress` or `egress` names many sources; AWS keeps one rule per source. What is read is put together
again in the entries that the program wrote, as the AWS provider does; what nobody wrote stands in entries of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.local.provider.api_shapes import entries
from tinystacks.local.provider.comparing import PROTOCOL_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.local.provider.handler import Inputs

SOURCE_LISTS = {
    "cidrBlocks": "cidr_ipv4",
    "ipv6CidrBlocks": "cidr_ipv6",
    "prefixListIds": "prefix_list",
    "securityGroups": "group",
}
ALL_PROTOCOLS = "-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleRule:
    """One protocol, port range and source (of ingress) or destination (of egress).

    Attributes:
        protocol: name as AWS writes it, or `-1` for all.
        from_port: first port; 0 for all protocols.
        to_port: last port; 0 for all protocols.
        kind: `cidr_ipv4`, `cidr_ipv6`, `prefix_list` or `group`.
        other: the CIDR block, prefix list id or group id.
        description: text of the rule; empty without.
    """

    protocol: str
    from_port: int
    to_port: int
    kind: str
    other: str
    description: str = ""

    def permission(self) -> dict[str, Any]:
        """This rule as `IpPermission` of the EC2 API."""
        described: dict[str, str] = {"Description": self.description} if self.description else {}
        member, key = {
            "cidr_ipv4": ("IpRanges", "CidrIp"),
            "cidr_ipv6": ("Ipv6Ranges", "CidrIpv6"),
            "prefix_list": ("PrefixListIds", "PrefixListId"),
            "group": ("UserIdGroupPairs", "GroupId"),
        }[self.kind]
        ports = {} if self.protocol == ALL_PROTOCOLS else {"FromPort": self.from_port, "ToPort": self.to_port}
        return {"IpProtocol": self.protocol, **ports, member: [{key: self.other, **described}]}


def protocol_name(protocol: object) -> str:
    """`6` and `TCP` as `tcp`, `all` as `-1`."""
    text = str(protocol).lower()
    return PROTOCOL_NAMES.get(text, text)


def single_rules(entry: Inputs, group_id: str) -> list[SingleRule]:
    """What one entry of `ingress` or `egress` means in AWS; `self` is the group's own id."""
    protocol = protocol_name(entry["protocol"])
    everything = protocol == ALL_PROTOCOLS
    sources = [(kind, other) for name, kind in SOURCE_LISTS.items() for other in entries(entry, name)]
    if entry.get("self"):
        sources.append(("group", group_id))
    return [
        SingleRule(
            protocol=protocol,
            from_port=0 if everything else int(entry["fromPort"]),
            to_port=0 if everything else int(entry["toPort"]),
            kind=kind,
            other=other.rsplit("/", 1)[-1] if kind == "group" else other,
            description=entry.get("description") or "",
        )
        for kind, other in sources
    ]


def from_answer(rule: dict[str, Any]) -> SingleRule:
    """One rule of DescribeSecurityGroupRules."""
    protocol = protocol_name(rule["IpProtocol"])
    everything = protocol == ALL_PROTOCOLS
    group: dict[str, str] = rule.get("ReferencedGroupInfo") or {}
    kind, other = next(
        (kind, value)
        for kind, value in (
            ("cidr_ipv4", rule.get("CidrIpv4")),
            ("cidr_ipv6", rule.get("CidrIpv6")),
            ("prefix_list", rule.get("PrefixListId")),
            ("group", group.get("GroupId", "")),
        )
        if value or kind == "group"
    )
    return SingleRule(
        protocol=protocol,
        from_port=0 if everything else int(rule.get("FromPort", 0)),
        to_port=0 if everything else int(rule.get("ToPort", 0)),
        kind=kind,
        other=other or "",
        description=rule.get("Description") or "",
    )


def all_single_rules(inline: Iterable[Inputs], group_id: str) -> list[SingleRule]:
    """What a whole `ingress` or `egress` means in AWS, each rule once."""
    return list(dict.fromkeys(rule for entry in inline for rule in single_rules(entry, group_id)))


def inline_entries(found: Iterable[SingleRule], known: Iterable[Inputs], group_id: str) -> list[Inputs]:
    """AWS's rules as entries of `ingress` or `egress`.

    Args:
        found: every rule of one direction.
        known: the entries as last known, whose form is kept.
        group_id: the group's own id, which reads `self`.
    """
    rest = list(dict.fromkeys(found))
    result: list[Inputs] = []
    for entry in known:
        present = [rule for rule in single_rules(entry, group_id) if rule in rest]
        if not present:
            continue
        rest = [rule for rule in rest if rule not in present]
        complete = len(present) == len(set(single_rules(entry, group_id)))
        result.append(entry if complete else _entry(present, group_id))
    strays: dict[tuple[str, int, int, str], list[SingleRule]] = {}
    for rule in rest:
        strays.setdefault((rule.protocol, rule.from_port, rule.to_port, rule.description), []).append(rule)
    return result + [_entry(rules, group_id) for rules in strays.values()]


def _entry(rules: list[SingleRule], group_id: str) -> Inputs:
    first = rules[0]
    entry: Inputs = {"protocol": first.protocol, "fromPort": first.from_port, "toPort": first.to_port, "self": False}
    if first.description:
        entry["description"] = first.description
    for rule in rules:
        if rule.kind == "group" and rule.other == group_id:
            entry["self"] = True
            continue
        name = next(name for name, kind in SOURCE_LISTS.items() if kind == rule.kind)
        entry.setdefault(name, []).append(rule.other)
    return entry
