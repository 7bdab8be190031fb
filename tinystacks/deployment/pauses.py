"""Lifecycle hooks at which ECS pauses a service's deployment until somebody answers.

A stage's programs set none: somebody put them on the service, and the engine leaves them there.

Source: Amazon ECS API reference, ContinueServiceDeployment and DeploymentLifecycleHookDetail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.events import Warned
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.deployment.events import OnEvent


class Pauses:
    """The hook that one service's deployment waits at.

    Args:
        ecs: boto3 client of Amazon ECS.
        service: name of the service in the file.
        typed: the stage as it is typed behind a command.
        on_event: is told once of each hook.

    Attributes:
        words: where the deployment waits and how it goes on; empty while it does not.
    """

    def __init__(self, ecs: Any, service: str, typed: str, on_event: OnEvent) -> None:
        self._ecs = ecs
        self._service = service
        self._local = "--local" in typed.split()
        self._on_event = on_event
        self._told: set[str] = set()
        self.words = ""

    def look(self, arn: str) -> None:
        """Read the hooks once more; what AWS refuses to tell is left out, since the verdict holds without it.

        Args:
            arn: of the service deployment; empty where none is known.
        """
        self.words = ""
        if not arn:
            return
        try:
            with aws_errors("ecs", f"service `{self._service}`"):
                answer = self._ecs.describe_service_deployments(serviceDeploymentArns=[arn])
        except AwsError:
            return
        for deployment in answer.get("serviceDeployments", []):
            for hook in deployment.get("lifecycleHookDetails", []):
                if hook.get("targetType") == "PAUSE" and hook.get("status") == "AWAITING_ACTION":
                    self._waits(arn, str(deployment.get("lifecycleStage", "")), hook)

    def _waits(self, arn: str, stage: str, hook: Mapping[str, Any]) -> None:
        where = f"ECS paused its deployment at {stage}" if stage else "ECS paused its deployment"
        then = {"CONTINUE": "goes on", "ROLLBACK": "goes back"}.get(str(hook.get("timeoutAction")), "ends")
        until = f", and {then} at {hook['expiresAt']:%Y-%m-%d %H:%M %Z}" if hook.get("expiresAt") else ""
        command = (
            f"aws ecs continue-service-deployment --region {arn.split(':')[3]} --service-deployment-arn {arn} "
            f"--hook-id {hook.get('hookId')}"
        )
        first = '`eval "$(tstack local env)"` and then ' if self._local else ""
        advice = f"{first}`{command}` has it go on, with `--action ROLLBACK` go back"
        self.words = f"{where}: {advice}"
        if hook.get("hookId") not in self._told:
            self._told.add(str(hook.get("hookId")))
            message = f"{self._service}: {where}, where a lifecycle hook waits for an answer{until}."
            self._on_event(Warned(message=message, hint=f"{advice[:1].upper()}{advice[1:]}."))
