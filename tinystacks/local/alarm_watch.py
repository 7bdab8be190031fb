"""Looks at the user's alarms once per simulated minute and tells whom they concern."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tinystacks.local.alarms import AlarmRule, evaluate, known_rule, metric_key, reason

if TYPE_CHECKING:
    from tinystacks.local.alarms import RecentDatapoints
    from tinystacks.local.emulation import Emulation
    from tinystacks.local.group_policies import GroupPolicies
    from tinystacks.local.planes import PlaneRegistry

_OWNED_PREFIX = "TargetTracking-"
"""Alarms of target tracking policies: the control plane sets their states itself."""


class AlarmWatch:
    """Evaluates alarms.

    Args:
        emulation: moto.
        planes: the control planes, told of every alarm in ALARM and of every change.
        datapoints: what was published.
        policies: policies of Auto Scaling groups.
    """

    def __init__(
        self, emulation: Emulation, planes: PlaneRegistry, datapoints: RecentDatapoints, policies: GroupPolicies
    ) -> None:
        self._emulation = emulation
        self._planes = planes
        self._datapoints = datapoints
        self._policies = policies

    def look(self, now: float) -> None:
        """Evaluate every alarm of every region."""
        for region, backend in list(self._emulation.used_regions("cloudwatch")):
            for alarm in list(backend.alarms.values()):
                if not str(alarm.name).startswith(_OWNED_PREFIX):
                    self._judge(region, alarm, now)

    def _judge(self, region: str, alarm: Any, now: float) -> None:
        if not alarm.metric_name or not known_rule(str(alarm.statistic), str(alarm.comparison_operator)):
            return
        periods = int(alarm.evaluation_periods)
        rule = AlarmRule(
            statistic=str(alarm.statistic),
            comparison=str(alarm.comparison_operator),
            threshold=float(alarm.threshold),
            period=float(alarm.period),
            periods=periods,
            datapoints=int(alarm.datapoints_to_alarm or periods),
            missing=str(alarm.treat_missing_data or "missing"),
        )
        dimensions = {str(one.name): str(one.value) for one in alarm.dimensions}
        key = metric_key(region, str(alarm.namespace), str(alarm.metric_name), dimensions)
        windows = self._datapoints.windows(key, now=now, period=rule.period, count=periods)
        before = str(alarm.state_value)
        state, value = evaluate(rule, windows, before)
        if state != before:
            why = reason(rule, windows, state)
            with self._emulation.lock:
                alarm.update_state(why, json.dumps({"recentDatapoints": [value], "threshold": rule.threshold}), state)
        if state == "ALARM" or state != before:
            self._tell(region, alarm, state, value, now)

    def _tell(self, region: str, alarm: Any, state: str, value: float | None, now: float) -> None:
        threshold = float(alarm.threshold)
        configured: list[str] = list(alarm.alarm_actions or [])
        actions = configured if alarm.actions_enabled and state == "ALARM" else []
        if region in self._planes.regions():
            with self._planes.locked(region) as plane:
                plane.alarm(str(alarm.name), state, action_arns=actions, value=value, threshold=threshold)
        for arn in actions:
            if value is not None:
                self._policies.set_off(region, arn, alarm=str(alarm.name), value=value, threshold=threshold, now=now)
