"""Scaling policies: their checks, their metric, and the alarms of others that drive them (S2, S12, S13, S20, D37)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import scalable_targets, scaling_alarms, step_scaling
from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.metric_names import followed_metric
from tinystacks.controlplane.scalable_targets import DIMENSION, SERVICE, validation_error
from tinystacks.controlplane.scaling_model import ScalingPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.model import ScalableTarget
    from tinystacks.controlplane.requests import PutScalingPolicyRequest
    from tinystacks.controlplane.state import State

MOST_POLICIES = 50
TRACKING = "TargetTrackingScaling"
STEP = "StepScaling"
KEPT_PERIODS = 60
HIGH_RESOLUTION_SECONDS = 20
STANDARD_SECONDS = 60


def put(state: State, request: PutScalingPolicyRequest) -> ScalingPolicy:
    """Create or change a policy of a registered target."""
    resource_id = request["resource_id"]
    namespace = request.get("service_namespace") or "ecs"
    dimension = request.get("scalable_dimension") or DIMENSION
    target = scalable_targets.find(state, namespace, resource_id, dimension)
    name = request["policy_name"]
    policy = target.policies.get(name)
    kind = request.get("policy_type") or (policy.policy_type if policy is not None else STEP)
    if policy is None and len(target.policies) >= MOST_POLICIES:
        raise EcsError("LimitExceededException", "The limit of scaling policies is exceeded.", service=SERVICE)
    if policy is not None and policy.policy_type != kind:
        raise validation_error("The type of an existing scaling policy cannot be changed.")
    if kind == TRACKING:
        configuration = request.get("target_tracking_scaling_policy_configuration")
    elif kind == STEP:
        configuration = request.get("step_scaling_policy_configuration")
    else:
        raise validation_error(f"The policy type {kind} is not supported.")
    if configuration is None:
        raise validation_error(f"The configuration of the policy type {kind} must be given.")
    if policy is None:
        path = f"scalingPolicy:{state.identities.uuid()}:resource/ecs/{resource_id}:policyName/{name}"
        policy = ScalingPolicy(
            name=name,
            arn=state.identities.arn(path, service="autoscaling"),
            resource_id=resource_id,
            scalable_dimension=dimension,
            policy_type=kind,
            configuration=configuration,
            created_at=state.now,
        )
    if kind == TRACKING:
        _check_tracking(state, target, policy, configuration)
    else:
        step_scaling.check(configuration)
    policy.configuration = configuration
    target.policies[name] = policy
    if kind == TRACKING:
        _make_alarms(state, policy)
    return policy


def delete(state: State, namespace: str, resource_id: str, dimension: str, name: str) -> None:
    """Delete a policy and its alarms."""
    target = scalable_targets.find(state, namespace, resource_id, dimension)
    policy = target.policies.pop(name, None)
    if policy is None:
        raise EcsError(
            "ObjectNotFoundException",
            f"No scaling policy found for service namespace: {namespace}, resource ID: {resource_id}, "
            f"scalable dimension: {dimension}, policy name: {name}",
            service=SERVICE,
        )
    scaling_alarms.delete(state, policy)


def metric(state: State, name: str, dimensions: dict[str, str], value: float, at: float) -> None:
    """Keep a datapoint for every policy that follows this metric."""
    for target in state.targets.values():
        for policy in target.policies.values():
            if policy.policy_type != TRACKING:
                continue
            followed = followed_metric(target, policy.configuration)
            if followed.name != name or not followed.dimensions.items() <= dimensions.items():
                continue
            period = int(at // policy.alarms[0].period)
            values = policy.values.setdefault(period, [])
            if followed.statistic == "Sum":
                policy.values[period] = [sum(values) + value]
            else:
                values.append(value)
            for old in [one for one in policy.values if one < period - KEPT_PERIODS]:
                del policy.values[old]


def alarm(
    state: State,
    name: str,
    word: str,
    *,
    action_arns: Sequence[str],
    value: float | None,
    threshold: float | None,
) -> None:
    """Take over the state of an alarm: deployments watch some (D37), step policies follow others (S13)."""
    state.alarm_states[name] = word
    for service in state.services.values():
        if name in service.deployment_configuration["alarms"]["alarmNames"]:
            state.touch(service)
    if word != "ALARM" or value is None or threshold is None:
        return
    for target in list(state.targets.values()):
        for policy in target.policies.values():
            if policy.policy_type == STEP and policy.arn in action_arns:
                step_scaling.act(state, target, policy, name, value - threshold)


def _check_tracking(
    state: State, target: ScalableTarget, policy: ScalingPolicy, configuration: dict[str, object]
) -> None:
    followed = followed_metric(target, configuration)
    for other in target.policies.values():
        if (
            other.name != policy.name
            and other.policy_type == TRACKING
            and followed_metric(target, other.configuration) == followed
        ):
            raise validation_error("Only one TargetTrackingScaling policy for a given metric specification is allowed.")
    group = followed.dimensions.get("TargetGroup")
    if group is None:
        return
    service = state.services[target.cluster, target.service]
    attached = {str(one.get("targetGroupArn")).rpartition(":")[2] for one in service.load_balancers}
    if group not in attached:
        raise validation_error(f"The target group {group} of the resource label is not attached to the service.")


def _make_alarms(state: State, policy: ScalingPolicy) -> None:
    target = state.targets[policy.resource_id]
    followed = followed_metric(target, policy.configuration)
    scaling_alarms.create(
        state,
        policy,
        {
            "MetricName": followed.name,
            "Namespace": followed.namespace,
            "Dimensions": [{"Name": key, "Value": value} for key, value in followed.dimensions.items()],
            "Statistic": followed.statistic,
        },
        float(policy.configuration["TargetValue"]),
        scale_in=not policy.configuration.get("DisableScaleIn"),
        period=HIGH_RESOLUTION_SECONDS if followed.is_high_resolution else STANDARD_SECONDS,
    )
