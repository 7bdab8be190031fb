"""SimulatePrincipalPolicy for roles, which moto does not have: what a role's policies say of some actions.

Source: IAM API reference, SimulatePrincipalPolicy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.call import RefusalError
from tinystacks.local.policy_statements import decision, statements_of_role

if TYPE_CHECKING:
    from collections.abc import Mapping

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
            statements = self._statements(source)
        results: list[dict[str, Any]] = [
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": decision(statements, action, resource),
                "MatchedStatements": [],
                "MissingContextValues": [],
            }
            for action in (str(one) for one in call.given("ActionNames"))
            for resource in resources
        ]
        return {"EvaluationResults": results, "IsTruncated": False}

    def _statements(self, arn: str) -> list[Mapping[str, Any]]:
        iam: Any = self._emulation.backend("iam", "aws")
        role: Any = next((one for one in iam.roles.values() if one.arn == arn), None)
        if role is None:
            raise RefusalError("NoSuchEntity", f"The role with the name {arn} cannot be found.", status=404)
        return list(statements_of_role(role))
