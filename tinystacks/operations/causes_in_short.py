"""AWS's words on why something was scaled, without what a person knows already."""

from __future__ import annotations

import re

_BY_POLICY = re.compile(r"monitor alarm (?P<alarm>\S+) in state ALARM triggered policy (?P<policy>\S+)")
_SIDES = {"-AlarmHigh-": " (the metric is high)", "-AlarmLow-": " (the metric is low)"}
_SENTENCE = re.compile(r"\s*At \d{4}-\d\d-\d\dT[\d:]+Z (?:an? )?")


def short_cause(cause: str) -> str:
    """Shorten a cause, such as `policy web-by-cpu (the metric is low)`; what is not known stays as it is.

    Args:
        cause: of a scaling activity, as Application Auto Scaling or Auto Scaling gives it.
    """
    by_policy = _BY_POLICY.search(cause)
    if by_policy:
        side = next((words for part, words in _SIDES.items() if part in by_policy["alarm"]), "")
        return f"policy {by_policy['policy']}{side}"
    # Auto Scaling tells a whole story; its last sentence is what was done about it.
    sentences = [part for part in _SENTENCE.split(cause) if part]
    return sentences[-1].strip() if sentences else cause
