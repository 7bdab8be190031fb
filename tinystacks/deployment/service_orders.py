"""Orders to services that run already: restart, another number of tasks, an end to a deployment under way.

They change no setting of the file, so that the engine has no part in them and its state stays true.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.described_services import described_services
from tinystacks.deployment.ending import follow_services, with_result, write_verdict
from tinystacks.deployment.ends import Result
from tinystacks.deployment.events import Notice, Warned
from tinystacks.deployment.lock import StageLock, is_held
from tinystacks.deployment.ordered_counts import OrderedCounts
from tinystacks.deployment.results import UpResult
from tinystacks.deployment.service_deployments import past_deployments
from tinystacks.deployment.verdict import overall
from tinystacks.deployment.wording import typed_stage
from tinystacks.errors import AwsError, NotDeployedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.events import OnEvent
    from tinystacks.outputs import ServiceOutputs, StageOutputs

_RUNNING = ["PENDING", "IN_PROGRESS"]
_GOING_BACK = ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"]
_NOT_TAKEN = frozenset({*_RUNNING, "STOP_REQUESTED", "ROLLBACK_REQUESTED"})
_STOP_SECONDS = 120.0
"""Seconds after which an order to stop that ECS does not take is given up."""


def restart(context: StageContext, outputs: StageOutputs, services: Iterable[str], emit: OnEvent) -> UpResult:
    """Replace all tasks of services by new ones of the same revision, without interruption (trap B14).

    Args:
        context: the stage.
        outputs: names the services.
        services: to restart; all when empty.
        emit: receives events.
    """
    chosen = _chosen(outputs, services)
    with StageLock(context.folder.lock_path, "restart"):
        live = live_services(context, chosen.cluster_name, chosen.services)
        past = past_deployments(context.target.client, chosen)
        for name, service in chosen.services.items():
            with aws_errors("ecs", f"service `{name}`"):
                context.target.client("ecs").update_service(
                    cluster=chosen.cluster_name, service=service.service_name, forceNewDeployment=True
                )
        return _followed(context, chosen, live, past, emit)


def scale(context: StageContext, outputs: StageOutputs, counts: Mapping[str, int], emit: OnEvent) -> UpResult:
    """Set how many tasks run now, within the limits of the file, and tell when something else sets another number.

    Args:
        context: the stage.
        outputs: names the services.
        counts: tasks by service.
        emit: receives events.

    Raises:
        UsageError: a number is outside of its service's limits.
    """
    chosen = _chosen(outputs, counts)
    for name, count in counts.items():
        least, most = _limits(context, chosen, name)
        if not least <= count <= most:
            span = f"always {least}" if least == most else f"{least} to {most}"
            raise UsageError(
                f"service `{name}` runs {span} tasks (`services.{name}.tasks`), so {count} is not possible",
                hint=f"Write `tasks: {{min: {min(least, count)}, max: {max(most, count)}}}` into the file and run "
                f"`tstack up {typed_stage(context.stage.stage, context.target.name)}`.",
            )
    with StageLock(context.folder.lock_path, "scale"):
        live = live_services(context, chosen.cluster_name, chosen.services)
        past = past_deployments(context.target.client, chosen)
        ordered = OrderedCounts(context.target.client, chosen, counts)
        for name, count in counts.items():
            with aws_errors("ecs", f"service `{name}`"):
                context.target.client("ecs").update_service(
                    cluster=chosen.cluster_name, service=chosen.services[name].service_name, desiredCount=count
                )
            emit(
                Notice(
                    message=f"{name}: {live[name].get('desiredCount', 0)} -> {count} tasks; scaling goes on from there."
                )
            )
        result = replace(_followed(context, chosen, live, past, emit), rescaled=ordered.set_since())
    for one in result.rescaled:
        emit(Warned(message=one.words, hint=one.advice))
    return result


def stop_rollouts(context: StageContext, outputs: StageOutputs, emit: OnEvent) -> tuple[str, ...]:
    """Stop deployments of services that are under way, and have ECS go back to what ran before.

    Source: Amazon ECS API reference, ListServiceDeployments and StopServiceDeployment (`ROLLBACK`; a service's first
    deployment has nothing to go back to and is ended with `ABORT`).

    Returns:
        The services whose deployment was stopped, or which ECS was taking back already.
    """
    ecs = context.target.client("ecs")
    stopped: dict[str, str] = {}
    going_back: list[str] = []
    for name, service in outputs.services.items():
        try:
            with aws_errors("ecs", f"service `{name}`"):
                found = ecs.list_service_deployments(
                    service=service.service_arn, cluster=outputs.cluster_name, status=[*_RUNNING, *_GOING_BACK]
                )["serviceDeployments"]
                arns = [str(one["serviceDeploymentArn"]) for one in found if one["status"] in _RUNNING]
        except AwsError as error:
            if error.code == "ServiceNotFoundException":
                continue
            raise
        if found and not arns:
            emit(Notice(message=f"{name}: ECS goes back to what ran before already."))
            going_back.append(name)
        for arn in arns:
            emit(Notice(message=f"{name}: its deployment under way is stopped; ECS goes back to what ran before."))
            _stop(ecs, name, arn)
            stopped[name] = arn
    until = context.pace.clock() + _STOP_SECONDS
    while stopped and context.pace.clock() < until:
        context.interrupt.check()
        with aws_errors("ecs", "deployments of the stage"):
            seen = ecs.describe_service_deployments(serviceDeploymentArns=list(stopped.values()))["serviceDeployments"]
        if all(one.get("status") not in _NOT_TAKEN for one in seen):
            break
        context.pace.sleep(context.pace.poll)
    return (*stopped, *going_back)


def cancel_rollout(context: StageContext, outputs: StageOutputs, emit: OnEvent) -> UpResult:
    """Stop what an `up` began, and follow the way back to its end.

    The command that began it, when it still waits, learns of it by itself and keeps the result.
    """
    stopped = stop_rollouts(context, outputs, emit)
    record = context.known_record()
    result = UpResult(
        stack=outputs.stack,
        stage=outputs.stage,
        result=Result.UNCHANGED,
        endpoint=outputs.endpoint,
        release=record.release if record else 0,
        outputs=outputs,
    )
    if not stopped:
        return result
    services = {name: outputs.services[name] for name in stopped}
    verdicts = follow_services(context, replace(outputs, services=services), emit)
    ended = overall(verdicts)
    if record is not None and not is_held(context.folder.lock_path):
        context.folder.write_record(replace(record, results=with_result(record.results, record.release, ended)))
        write_verdict(context, record.release, ended, verdicts, emit)
    return replace(result, result=ended, verdicts=verdicts)


def live_services(
    context: StageContext, cluster: str, services: Mapping[str, ServiceOutputs]
) -> dict[str, Mapping[str, Any]]:
    """Read services by their name in the file.

    Raises:
        NotDeployedError: ECS does not know one of them.
        AwsError: ECS refuses to be read.
    """
    names = {service.service_name: name for name, service in services.items()}
    described = described_services(context.target.client("ecs"), cluster, list(names))
    found = {names[key]: one for key, one in described.items() if one.get("status", "ACTIVE") == "ACTIVE"}
    gone = sorted(set(services) - set(found))
    if gone:
        raise NotDeployedError(
            f"ECS does not know service `{gone[0]}` of stage `{context.stage.stage}` (any more).",
            hint=f"`tstack up {typed_stage(context.stage.stage, context.target.name)}` makes it again.",
        )
    return found


def _stop(ecs: Any, name: str, arn: str) -> None:
    try:
        with aws_errors("ecs", f"service `{name}`"):
            ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    except AwsError as error:
        if error.code not in {"ConflictException", "InvalidParameterException", "ClientException"}:
            raise
        with aws_errors("ecs", f"service `{name}`"):
            ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ABORT")


def _chosen(outputs: StageOutputs, services: Iterable[str]) -> StageOutputs:
    names = list(services) or list(outputs.services)
    for name in names:
        if name not in outputs.services:
            raise UsageError(
                f"stage `{outputs.stage}` runs no service `{name}`",
                hint=f"It runs {', '.join(sorted(outputs.services))}.",
            )
    return replace(outputs, services={name: outputs.services[name] for name in names})


def _limits(context: StageContext, outputs: StageOutputs, name: str) -> tuple[int, int]:
    """Give the limits that hold now: Application Auto Scaling's, which a schedule may have moved, or the file's."""
    service = outputs.services[name]
    with aws_errors("application-autoscaling", f"service `{name}`"):
        found = context.target.client("application-autoscaling").describe_scalable_targets(
            ServiceNamespace="ecs", ResourceIds=[f"service/{outputs.cluster_name}/{service.service_name}"]
        )["ScalableTargets"]
        if found:
            return int(found[0]["MinCapacity"]), int(found[0]["MaxCapacity"])
    spec = context.stage.services.get(name)
    return (spec.tasks.min, spec.tasks.max) if spec else (0, 0)


def _followed(
    context: StageContext,
    chosen: StageOutputs,
    live: Mapping[str, Mapping[str, Any]],
    past: frozenset[str],
    emit: OnEvent,
) -> UpResult:
    """Follow services that keep the revision they run."""
    with aws_errors("ecs", "services of the stage"):
        services = {
            name: replace(service, task_definition_arn=str(live[name]["taskDefinition"]))
            for name, service in chosen.services.items()
        }
    verdicts = follow_services(context, replace(chosen, services=services), emit, past=past)
    record = context.known_record()
    return UpResult(
        stack=chosen.stack,
        stage=chosen.stage,
        result=overall(verdicts),
        endpoint=chosen.endpoint,
        release=record.release if record else 0,
        causes=tuple(cause for verdict in verdicts for cause in verdict.causes),
        verdicts=verdicts,
        outputs=chosen,
    )
