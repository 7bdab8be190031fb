"""`aws:lb/listenerRule:ListenerRule`."""

from __future__ import annotations

from typing import Any, ClassVar

from tinystacks.local.provider.api_errors import ignoring, passing
from tinystacks.local.provider.api_shapes import block, entries, known_form, refuse_unknown, shape
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.elbv2_actions import action_errors, action_members, found_actions
from tinystacks.local.provider.elbv2_tags import found_tags, tags_member, update_tags
from tinystacks.local.provider.handler import Call, Inputs, PlanError, tried_until

TOKEN = "aws:lb/listenerRule:ListenerRule"  # noqa: S105 - a type token, no secret
DEFAULT_PRIORITY = 99999
"""The real provider's number for a listener's default rule, which the API calls `default`."""
PRIORITY_TIMEOUT_SECONDS = 300.0
GONE_CODES = ("RuleNotFound", "ListenerNotFound")

_VALUES = shape(f"{TOKEN}.conditions", "values", "regexValues")
CONDITION = shape(
    f"{TOKEN}.conditions",
    block("hostHeader", _VALUES, "HostHeaderConfig"),
    block("pathPattern", _VALUES, "PathPatternConfig"),
    block("httpHeader", shape(f"{TOKEN}.conditions.httpHeader", "httpHeaderName", "values", "regexValues"),
          "HttpHeaderConfig"),
    block("httpRequestMethod", _VALUES, "HttpRequestMethodConfig"),
    block("sourceIp", _VALUES, "SourceIpConfig"),
)  # fmt: skip
FIELDS = {
    "hostHeader": "host-header",
    "pathPattern": "path-pattern",
    "httpHeader": "http-header",
    "httpRequestMethod": "http-request-method",
    "queryStrings": "query-string",
    "sourceIp": "source-ip",
}
"""The kinds of condition: property, and `Field` of the API."""

RULE_INPUTS = frozenset({"listenerArn", "priority", "actions", "conditions"})
UNORDERED = frozenset(
    {
        "actions.forward.targetGroups",
        "conditions",
        *(f"conditions.{kind}.values" for kind in FIELDS),
        "conditions.queryStrings",
    },
)


class ListenerRuleHandler:
    """A rule of a listener."""

    token: ClassVar[str] = TOKEN

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateRule; without a priority it is the highest one plus one, tried again when somebody was faster."""
        refuse_unknown(self.token, inputs, RULE_INPUTS)
        elbv2 = call.clients("elbv2")

        def make() -> dict[str, Any]:
            return elbv2.create_rule(
                ListenerArn=inputs["listenerArn"],
                Priority=int(inputs.get("priority") or self._highest_priority(call, inputs["listenerArn"]) + 1),
                Actions=action_members(inputs["actions"]),
                Conditions=[_condition_members(condition) for condition in inputs["conditions"]],
                **tags_member(inputs),
            )

        if inputs.get("priority"):
            answer = make()
        else:
            taken = passing("PriorityInUse")
            answer = tried_until(call, make, passing=taken, timeout_seconds=PRIORITY_TIMEOUT_SECONDS)
        return answer["Rules"][0]["RuleArn"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The rule; its listener's ARN is told from its own."""
        elbv2 = call.clients("elbv2")
        rule = one_or_none(lambda: elbv2.describe_rules(RuleArns=[resource_id])["Rules"], *GONE_CODES)
        if rule is None:
            return None
        priority = rule["Priority"]
        answer: Inputs = {
            "arn": resource_id,
            "listenerArn": resource_id.replace(":listener-rule/", ":listener/").rpartition("/")[0],
            "priority": DEFAULT_PRIORITY if priority == "default" else int(priority),
            "actions": found_actions(rule["Actions"], entries(state, "actions")),
            "conditions": [_found_condition(condition) for condition in rule.get("Conditions", [])],
            "tagsAll": found_tags(call, resource_id),
        }
        return known_form(answer, state, unordered=UNORDERED)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; SetRulePriorities; ModifyRule for actions and conditions."""
        refuse_unknown(self.token, new, RULE_INPUTS)
        elbv2 = call.clients("elbv2")
        update_tags(call, resource_id, old, new)
        if "priority" in changed and new.get("priority"):
            priorities = [{"RuleArn": resource_id, "Priority": int(new["priority"])}]
            elbv2.set_rule_priorities(RulePriorities=priorities)
        members: Inputs = {}
        if "actions" in changed:
            members["Actions"] = action_members(new["actions"])
        if "conditions" in changed:
            members["Conditions"] = [_condition_members(condition) for condition in new["conditions"]]
        if members:
            elbv2.modify_rule(RuleArn=resource_id, **members)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteRule; a rule that is gone is done."""
        del state
        with ignoring(*GONE_CODES):
            call.clients("elbv2").delete_rule(RuleArn=resource_id)

    def plan(self, call: Call, old: Inputs | None, new: Inputs) -> list[PlanError]:
        """Actions without what their type needs; conditions with none or several kinds."""
        del call, old
        errors = action_errors("actions", entries(new, "actions"))
        for position, condition in enumerate(entries(new, "conditions")):
            kinds = [kind for kind in FIELDS if condition.get(kind)]
            if len(kinds) != 1:
                reason = f"one of {', '.join(FIELDS)} must be set in each condition, here {len(kinds)} are"
                errors.append(PlanError(property=f"conditions[{position}]", reason=reason))
        return errors

    def _highest_priority(self, call: Call, listener_arn: str) -> int:
        pages = call.clients("elbv2").get_paginator("describe_rules").paginate(ListenerArn=listener_arn)
        rules: list[dict[str, Any]] = pages.build_full_result()["Rules"]
        return max((int(rule["Priority"]) for rule in rules if rule["Priority"] != "default"), default=0)


def _condition_members(condition: Inputs) -> dict[str, Any]:
    kind = next(kind for kind in FIELDS if condition.get(kind))
    if kind == "queryStrings":
        values = [
            {api: entry[name] for name, api in (("key", "Key"), ("value", "Value")) if entry.get(name)}
            for entry in condition[kind]
        ]
        return {"Field": FIELDS[kind], "QueryStringConfig": {"Values": values}}
    return {"Field": FIELDS[kind], **CONDITION.to_api({kind: condition[kind]})}


def _found_condition(condition: dict[str, Any]) -> Inputs:
    kind = next(kind for kind, field in FIELDS.items() if field == condition["Field"])
    if kind == "queryStrings":
        pairs: list[dict[str, str]] = condition.get("QueryStringConfig", {}).get("Values", [])
        return {kind: [{name.lower(): value for name, value in pair.items()} for pair in pairs]}
    found = CONDITION.from_api(condition)
    # Old-style answers carry the values beside the field.
    return found if kind in found else {kind: {"values": condition.get("Values", [])}}
