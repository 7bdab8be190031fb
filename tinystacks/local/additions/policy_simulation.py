"""SimulatePrincipalPolicy for roles, which moto does not have: what a role's policies say of some actions.

Conditions are not looked at: a statement that has one counts as if it were met.
Source: IAM API reference, SimulatePrincipalPolicy; IAM user guide, "Policy evaluation logic" (an explicit deny goes
first, what nothing allows is denied).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.call import RefusalError
from tinystacks.local.policy_statements import speaks_of, statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tinystacks.local.call import AwsCall
    from tinystacks.local.emulation import Emulation


class PolicySimulation:
    """The operation.

    Args:
        emulation: moto, which keeps the roles.
    """

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation

    def simulate(self, call: AwsCall) -> dict[str, Any]:
        """SimulatePrincipalPolicy."""
        source = str(call.parameters.get("PolicySourceArn") or "")
        resources = [str(one) for one in call.given("ResourceArns")] or ["*"]
        with self._emulation.lock:
            statements = list(self._statements(source))
        results: list[dict[str, Any]] = [
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": _decision(statements, action, resource),
                "MatchedStatements": [],
                "MissingContextValues": [],
            }
            for action in (str(one) for one in call.given("ActionNames"))
            for resource in resources
        ]
        return {"EvaluationResults": results, "IsTruncated": False}

    def _statements(self, arn: str) -> Iterator[Mapping[str, Any]]:
        iam: Any = self._emulation.backend("iam", "aws")
        role: Any = next((one for one in iam.roles.values() if one.arn == arn), None)
        if role is None:
            raise RefusalError("NoSuchEntity", f"The role with the name {arn} cannot be found.", status=404)
        attached = [
            version.document
            for policy in role.managed_policies.values()
            for version in policy.versions
            if version.version_id == policy.default_version_id
        ]
        for document in [*role.policies.values(), *attached]:
            yield from statements(document)


def _decision(statements: list[Mapping[str, Any]], action: str, resource: str) -> str:
    effects = {one.get("Effect") for one in statements if speaks_of(one, action, resource)}
    if "Deny" in effects:
        return "explicitDeny"
    return "allowed" if "Allow" in effects else "implicitDeny"
