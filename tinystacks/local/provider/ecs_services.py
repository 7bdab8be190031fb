"""`aws:ecs/service:Service`."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from tinystacks.local.provider.api_errors import after_creation, ignoring, is_error
from tinystacks.local.provider.api_shapes import entries, in_order_of, known_form, refuse_unknown
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.ecs_service_shapes import (
    ALARMS,
    BREAKER,
    DAEMON,
    DEPLOYMENT,
    DEPLOYMENT_PROPERTIES,
    LISTS,
    NETWORK,
    REGISTRY,
    SCALARS,
    SERVICE,
    SERVICE_CONNECT,
    SERVICE_INPUTS,
    UNORDERED,
    deployment_members,
    name_or_arn_form,
    shared_members,
    task_definition_form,
)
from tinystacks.local.provider.ecs_steady_state import primary_deployment, wait_for_steady_state
from tinystacks.local.provider.ecs_tags import tag_map, tags_member, update_tags
from tinystacks.local.provider.handler import Call, Inputs, PlanError, polling, tried_until

GONE_CODES = ("ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException")
PASSING_TEXTS = (
    "verify that the ECS service role being passed has the proper permissions",
    "does not have an associated load balancer",
    "Unable to assume the service linked role",
)
"""InvalidParameterExceptions that pass by themselves: a role or a listener that is a moment younger."""

CREATE_RETRY_SECONDS = 240.0
"""Two minutes for IAM to spread and two more, as the real provider bears those errors."""
DRAIN_SECONDS = 1200.0
STATE_ONLY = frozenset({"forceDelete", "tags", "tagsAll"})


class ServiceHandler:
    """A service; with `waitForSteadyState` its operations end when its deployment does."""

    token: ClassVar[str] = SERVICE

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateService, again while a role or listener is too new; then until active or steady."""
        refuse_unknown(self.token, inputs, SERVICE_INPUTS)
        ecs = call.clients("ecs")
        members = self._create_members(inputs)
        answer: dict[str, Any] = tried_until(
            call,
            lambda: ecs.create_service(clientToken=uuid.uuid4().hex[:32], **members),
            passing=_passes,
            timeout_seconds=CREATE_RETRY_SECONDS,
        )
        service = answer["service"]
        arn: str = service["serviceArn"]
        with after_creation(arn):
            self._wait(call, service["clusterArn"], arn, inputs, before=None)
        return arn

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The service; references are in the form in which the program gives them."""
        service = self._found(call, _cluster_of(resource_id, state), resource_id)
        if service is None or service["status"] != "ACTIVE":
            return None
        deployment: dict[str, Any] = service.get("deploymentConfiguration") or {}
        network: dict[str, Any] = service.get("networkConfiguration") or {}
        primary = primary_deployment(service) or {}
        answer: Inputs = {
            **{name: service.get(api) for name, api in SCALARS.items()},
            **{
                name: [shape.from_api(entry) for entry in entries(service, api)] for name, (api, shape) in LISTS.items()
            },
            "arn": service["serviceArn"],
            "name": service["serviceName"],
            "cluster": name_or_arn_form(service["clusterArn"], state.get("cluster")),
            "desiredCount": service["desiredCount"],
            "launchType": service.get("launchType"),
            "schedulingStrategy": service.get("schedulingStrategy"),
            "iamRole": state.get("iamRole") or service.get("roleArn"),
            "deploymentMaximumPercent": deployment.get("maximumPercent"),
            "deploymentMinimumHealthyPercent": deployment.get("minimumHealthyPercent"),
            "deploymentConfiguration": DEPLOYMENT.from_api(deployment),
            "networkConfiguration": NETWORK.from_api(network.get("awsvpcConfiguration") or {}),
            "serviceConnectConfiguration": SERVICE_CONNECT.from_api(primary.get("serviceConnectConfiguration") or {}),
            "tagsAll": tag_map(service.get("tags")),
        }
        if service.get("taskDefinition"):
            answer["taskDefinition"] = task_definition_form(service["taskDefinition"], state.get("taskDefinition"))
        if service.get("serviceRegistries"):
            answer["serviceRegistries"] = REGISTRY.from_api(service["serviceRegistries"][0])
        self._read_optional_blocks(answer, service, state)
        return known_form(answer, state, unordered=UNORDERED)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; UpdateService with what changed; then until active or steady."""
        refuse_unknown(self.token, new, SERVICE_INPUTS)
        ecs = call.clients("ecs")
        update_tags(call, resource_id, old, new)
        if not changed - STATE_ONLY:
            return
        cluster = _cluster_of(resource_id, old)
        members = shared_members(new, changed)
        if "desiredCount" in changed and new.get("schedulingStrategy") != DAEMON:
            members["desiredCount"] = int(new.get("desiredCount") or 0)
        if changed & DEPLOYMENT_PROPERTIES:
            members["deploymentConfiguration"] = self._deployment_update(old, new)
        if "deploymentController" in changed and new.get("deploymentController"):
            members["deploymentController"] = {"type": new["deploymentController"].get("type") or "ECS"}
        if "propagateTags" in changed and not new.get("propagateTags"):
            members["propagateTags"] = "NONE"
        before = (primary_deployment(self._found(call, cluster, resource_id) or {}) or {}).get("id")
        tried_until(
            call,
            lambda: ecs.update_service(
                cluster=cluster,
                service=resource_id,
                forceNewDeployment=bool(new.get("forceNewDeployment")),
                **members,
            ),
            passing=_passes,
            timeout_seconds=CREATE_RETRY_SECONDS,
        )
        self._wait(call, cluster, resource_id, new, before=before)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """Down to no tasks, DeleteService, then until it is inactive."""
        ecs = call.clients("ecs")
        cluster = _cluster_of(resource_id, state)
        service = self._found(call, cluster, resource_id)
        if service is None or service["status"] == "INACTIVE":
            return
        forced = bool(state.get("forceDelete"))
        replica = service.get("schedulingStrategy") != DAEMON
        if service["status"] != "DRAINING" and replica and not forced:
            ecs.update_service(cluster=cluster, service=resource_id, desiredCount=0)
        with ignoring(*GONE_CODES):
            tried_until(
                call,
                lambda: ecs.delete_service(cluster=cluster, service=resource_id, force=forced),
                passing=lambda error: (
                    is_error(error, "InvalidParameterException", text="while deployments are active")
                    or is_error(error, "InvalidParameterException", "DependencyViolation", text="dependent object")
                ),
                timeout_seconds=DRAIN_SECONDS,
            )
        polling(
            call,
            lambda: (
                True
                if (self._found(call, cluster, resource_id) or {"status": "INACTIVE"})["status"] == "INACTIVE"
                else None
            ),
            until=f"ECS Service ({resource_id}) to become INACTIVE",
            timeout_seconds=DRAIN_SECONDS,
        )

    def import_id(self, call: Call, given: str) -> str:
        """`cluster/service` as the service's ARN."""
        if given.startswith("arn:"):
            return given
        return f"arn:{call.partition}:ecs:{call.region}:{call.account_id}:service/{given}"

    def plan(self, call: Call, old: Inputs | None, new: Inputs) -> list[PlanError]:
        """Another strategy on an existing service needs a new deployment: the preview fails, it does not replace."""
        del call
        if old is None or new.get("forceNewDeployment"):
            return []
        before, after = (_strategy_form(entries(one, "capacityProviderStrategies")) for one in (old, new))
        if before == after:
            return []
        reason = "force_new_deployment should be true when capacity_provider_strategy is being updated"
        return [PlanError(property="capacityProviderStrategies", reason=reason)]

    def _create_members(self, inputs: Inputs) -> dict[str, Any]:
        names = frozenset(name for name, value in inputs.items() if value not in (None, "", [], {}))
        members: dict[str, Any] = {
            "serviceName": inputs["name"],
            **shared_members(inputs, names),
            **tags_member(inputs),
        }
        for name, api in (("cluster", "cluster"), ("iamRole", "role"), ("schedulingStrategy", "schedulingStrategy")):
            if inputs.get(name):
                members[api] = inputs[name]
        controller: Inputs = inputs.get("deploymentController") or {}
        if controller:
            members["deploymentController"] = {"type": controller.get("type") or "ECS"}
        if inputs.get("launchType") and controller.get("type") != "EXTERNAL":
            members["launchType"] = inputs["launchType"]
        if inputs.get("schedulingStrategy") != DAEMON:
            members["desiredCount"] = int(inputs.get("desiredCount") or 0)
        deployment = deployment_members(inputs)
        if deployment:
            members["deploymentConfiguration"] = deployment
        return members

    def _deployment_update(self, old: Inputs, new: Inputs) -> dict[str, Any]:
        members = deployment_members(new)
        if old.get("deploymentCircuitBreaker") and "deploymentCircuitBreaker" not in members:
            members["deploymentCircuitBreaker"] = {"enable": False, "rollback": False}
        if old.get("alarms") and "alarms" not in members:
            members["alarms"] = {"alarmNames": [], "enable": False, "rollback": False}
        return members

    def _read_optional_blocks(self, answer: Inputs, service: dict[str, Any], state: Inputs) -> None:
        """Blocks that AWS always answers with; unless known they count only when they say something."""
        deployment: dict[str, Any] = service.get("deploymentConfiguration") or {}
        breaker = BREAKER.from_api(deployment.get("deploymentCircuitBreaker") or {})
        if breaker.get("enable") or state.get("deploymentCircuitBreaker"):
            answer["deploymentCircuitBreaker"] = breaker
        alarms = ALARMS.from_api(deployment.get("alarms") or {})
        if alarms.get("enable") or state.get("alarms"):
            answer["alarms"] = alarms
        controller: dict[str, Any] = service.get("deploymentController") or {}
        if state.get("deploymentController") or controller.get("type", "ECS") != "ECS":
            answer["deploymentController"] = {"type": controller.get("type", "ECS")}
        if service.get("schedulingStrategy") == DAEMON:
            # Percents of a daemon at their defaults are no difference.
            percents = ("deploymentMaximumPercent", "deploymentMinimumHealthyPercent")
            answer |= {name: state[name] for name in percents if state.get(name) is not None}
            answer["desiredCount"] = state.get("desiredCount")

    def _found(self, call: Call, cluster: str, service: str) -> dict[str, Any] | None:
        ecs = call.clients("ecs")
        return one_or_none(
            lambda: ecs.describe_services(cluster=cluster, services=[service], include=["TAGS"])["services"],
            *GONE_CODES,
        )

    def _wait(self, call: Call, cluster: str, arn: str, inputs: Inputs, *, before: str | None) -> None:
        controller: Inputs = inputs.get("deploymentController") or {}
        if inputs.get("waitForSteadyState"):
            wait_for_steady_state(
                call,
                cluster,
                arn,
                before=before,
                rollback_on_cancel=bool(inputs.get("sigintRollback")) and controller.get("type", "ECS") == "ECS",
            )
            return
        polling(
            call,
            lambda: True if (self._found(call, cluster, arn) or {}).get("status") == "ACTIVE" else None,
            until=f"ECS Service ({arn}) to become ACTIVE",
        )


def _cluster_of(service_arn: str, state: Inputs) -> str:
    """The cluster of a service: as known, else out of the ARN `…:service/cluster/service`."""
    return str(state.get("cluster") or service_arn.split("/")[-2])


def _passes(error: Exception) -> bool:
    if is_error(error, "ClusterNotFoundException"):
        return True
    return any(is_error(error, "InvalidParameterException", text=text) for text in PASSING_TEXTS)


def _strategy_form(strategies: list[Inputs]) -> list[tuple[Any, ...]]:
    found = [
        (entry.get("capacityProvider"), int(entry.get("base") or 0), int(entry.get("weight") or 0))
        for entry in strategies
    ]
    return in_order_of(sorted(found, key=str), [])
