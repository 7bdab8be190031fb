"""Actions of listeners and listener rules, in Pulumi's form and in the API's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.provider.api_shapes import block, blocks, entries, renamed, shape
from tinystacks.local.provider.handler import PlanError

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Inputs

WHERE = "an action of a listener or listener rule"

FORWARD = shape(
    f"{WHERE}: forward",
    blocks("targetGroups", shape(f"{WHERE}: forward.targetGroups", renamed("arn", "TargetGroupArn"), "weight")),
    block(
        "stickiness",
        shape(f"{WHERE}: forward.stickiness", renamed("duration", "DurationSeconds"), "enabled"),
        "TargetGroupStickinessConfig",
    ),
)
REDIRECT = shape(f"{WHERE}: redirect", "statusCode", "host", "path", "port", "protocol", "query")
FIXED_RESPONSE = shape(f"{WHERE}: fixedResponse", "contentType", "messageBody", "statusCode")
COGNITO = shape(
    f"{WHERE}: authenticateCognito",
    "userPoolArn",
    "userPoolClientId",
    "userPoolDomain",
    "onUnauthenticatedRequest",
    "scope",
    "sessionCookieName",
    "sessionTimeout",
    renamed("authenticationRequestExtraParams", "AuthenticationRequestExtraParams"),
)
OIDC = shape(
    f"{WHERE}: authenticateOidc",
    "authorizationEndpoint",
    "clientId",
    "clientSecret",
    "issuer",
    "tokenEndpoint",
    "userInfoEndpoint",
    "onUnauthenticatedRequest",
    "scope",
    "sessionCookieName",
    "sessionTimeout",
    renamed("authenticationRequestExtraParams", "AuthenticationRequestExtraParams"),
)
ACTION = shape(
    WHERE,
    "type",
    "order",
    "targetGroupArn",
    block("forward", FORWARD, "ForwardConfig"),
    block("redirect", REDIRECT, "RedirectConfig"),
    block("fixedResponse", FIXED_RESPONSE, "FixedResponseConfig"),
    block("authenticateCognito", COGNITO, "AuthenticateCognitoConfig"),
    block("authenticateOidc", OIDC, "AuthenticateOidcConfig"),
)
BLOCK_OF_TYPE = {
    "forward": "forward",
    "redirect": "redirect",
    "fixed-response": "fixedResponse",
    "authenticate-cognito": "authenticateCognito",
    "authenticate-oidc": "authenticateOidc",
}


def action_members(actions: list[Inputs]) -> list[dict[str, Any]]:
    """Actions for the API: numbered by position, with the block of their type only."""
    members: list[dict[str, Any]] = []
    for position, action in enumerate(actions, start=1):
        kind = str(action["type"]).lower()
        chosen: Inputs = {"type": kind, "order": action.get("order") or position}
        block_name = BLOCK_OF_TYPE.get(kind, "")
        if kind == "forward" and action.get("targetGroupArn") and not action.get("forward"):
            chosen["targetGroupArn"] = action["targetGroupArn"]
        elif action.get(block_name):
            chosen[block_name] = action[block_name]
        members.append(ACTION.to_api(chosen))
    return members


def found_actions(answer: list[dict[str, Any]], known: list[Inputs]) -> list[Inputs]:
    """The API's actions, a forward in the shape that the program used, although the API answers with both.

    Args:
        answer: `DefaultActions` or `Actions`.
        known: the actions as last known; empty on import.
    """
    ordered = sorted(answer, key=lambda action: int(action.get("Order") or 1))
    return [
        _found_action(action, known[position] if position < len(known) else {}, position + 1)
        for position, action in enumerate(ordered)
    ]


def action_errors(name: str, actions: list[Inputs]) -> list[PlanError]:
    """What the real provider refuses in a preview.

    Args:
        name: the property that holds the actions.
        actions: its value.
    """
    errors: list[PlanError] = []
    for position, action in enumerate(actions):
        kind = str(action.get("type") or "").lower()
        path = f"{name}[{position}]"
        block_name = BLOCK_OF_TYPE.get(kind)
        if kind == "forward":
            groups = entries(action.get("forward") or {}, "targetGroups")
            short = action.get("targetGroupArn")
            if not short and not action.get("forward"):
                reason = f"Either {path}.targetGroupArn or {path}.forward must be specified when type is forward"
                errors.append(PlanError(property=path, reason=reason))
            elif short and action.get("forward") and [group.get("arn") for group in groups] != [short]:
                reason = f"Only one of {path}.targetGroupArn and {path}.forward can be specified unless they agree"
                errors.append(PlanError(property=path, reason=reason))
        elif block_name and not action.get(block_name):
            reason = f"{path}.{block_name} must be specified when type is {kind}"
            errors.append(PlanError(property=f"{path}.{block_name}", reason=reason))
    return errors


def _found_action(action: dict[str, Any], known: Inputs, position: int) -> Inputs:
    result = ACTION.from_api(action)
    kind = str(result["type"])
    if str(known.get("type", "")).lower() == kind:
        result["type"] = known["type"]
    result["order"] = result.get("order") or position
    if kind == "forward":
        groups = entries(result.get("forward") or {}, "targetGroups")
        if known.get("forward") and not known.get("targetGroupArn"):
            if not result.get("forward"):
                result["forward"] = {"targetGroups": [{"arn": result["targetGroupArn"], "weight": 1}]}
            result.pop("targetGroupArn", None)
        elif len(groups) <= 1 and not known.get("forward"):
            result["targetGroupArn"] = result.get("targetGroupArn") or groups[0]["arn"]
            result.pop("forward", None)
    return result
