"""Alarms that target tracking policies own (S3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane.effects import DeleteAlarm, PutAlarm, SetAlarmState
from tinystacks.controlplane.scaling_model import Alarm

if TYPE_CHECKING:
    from tinystacks.controlplane.model import ScalingPolicy
    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

HIGH_DATAPOINTS = 3
LOW_DATAPOINTS = 15
LOW_SHARE = 0.9


def create(
    state: State, policy: ScalingPolicy, metric: Document, target: float, *, scale_in: bool, period: int
) -> None:
    """Make the alarms of a policy: high for scale-out, low for scale-in."""
    delete(state, policy)
    wanted = [("High", target, True, HIGH_DATAPOINTS)]
    if scale_in:
        wanted.append(("Low", target * LOW_SHARE, False, LOW_DATAPOINTS))
    for side, bound, above, datapoints in wanted:
        name = f"TargetTracking-{policy.resource_id}-Alarm{side}-{state.identities.uuid()}"
        alarm = Alarm(
            name=name,
            arn=state.identities.arn(f"alarm:{name}", service="cloudwatch"),
            bound=bound,
            above=above,
            datapoints=datapoints,
            period=period,
        )
        policy.alarms.append(alarm)
        document: Document = {
            "AlarmName": name,
            "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
            "ActionsEnabled": True,
            "AlarmActions": [policy.arn],
            "EvaluationPeriods": datapoints,
            "Threshold": bound,
            "ComparisonOperator": "GreaterThanThreshold" if above else "LessThanThreshold",
            "Period": period,
            **metric,
        }
        state.emit(PutAlarm(name=name, document=document))


def delete(state: State, policy: ScalingPolicy) -> None:
    """Remove the alarms of a policy."""
    for alarm in policy.alarms:
        state.emit(DeleteAlarm(name=alarm.name))
    policy.alarms = []


def evaluate(state: State, policy: ScalingPolicy, alarm: Alarm) -> None:
    """Set an alarm by the newest datapoints; missing ones leave it without a say (S8)."""
    newest = int(state.now // alarm.period) - 1
    periods = range(newest - alarm.datapoints + 1, newest + 1)
    values = [average(policy, one) for one in periods]
    known = [one for one in values if one is not None]
    if len(known) < alarm.datapoints:
        # CloudWatch keeps a decision for which fewer points suffice; without the newest point there is none.
        word = "INSUFFICIENT_DATA" if values[-1] is None or alarm.state == "INSUFFICIENT_DATA" else "OK"
    elif all(one > alarm.bound if alarm.above else one < alarm.bound for one in known):
        word = "ALARM"
    else:
        word = "OK"
    if word != alarm.state:
        alarm.state = word
        state.emit(
            SetAlarmState(
                name=alarm.name,
                state=word,
                reason=f"{len(known)} datapoints of {alarm.datapoints} against the threshold {alarm.bound}.",
            )
        )


def average(policy: ScalingPolicy, period: int) -> float | None:
    """Give a policy's metric in one period, counted from the epoch."""
    values = policy.values.get(period)
    return sum(values) / len(values) if values else None
