"""Schedules. Source: Application Auto Scaling user guide, application-auto-scaling-scheduled-scaling."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.schedules import next_after


def at(text, zone="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("schedule", "zone", "moment", "expected"),
    [
        ("cron(0 8 * * ? *)", "UTC", "2026-11-23T07:00", "2026-11-23T08:00"),
        ("cron(0 8 * * ? *)", "UTC", "2026-11-23T08:00", "2026-11-24T08:00"),
        ("cron(15/30 * * * ? *)", "UTC", "2026-11-23T08:16", "2026-11-23T08:45"),
        ("cron(0 9 ? * MON-FRI *)", "UTC", "2026-11-20T10:00", "2026-11-23T09:00"),
        ("cron(0 9 ? * 1 *)", "UTC", "2026-11-23T00:00", "2026-11-29T09:00"),
        ("cron(0 0 L * ? *)", "UTC", "2026-02-01T00:00", "2026-02-28T00:00"),
        ("cron(0 0 1,15 JAN,JUL ? *)", "UTC", "2026-01-02T00:00", "2026-01-15T00:00"),
        ("at(2026-12-24T18:00:00)", "Europe/Berlin", "2026-11-23T00:00", "2026-12-24T17:00"),
        ("rate(5 minutes)", "UTC", "2026-11-23T00:07", "2026-11-23T00:10"),
    ],
)
def test_s15_the_next_time(schedule, zone, moment, expected):
    """Source: Application Auto Scaling user guide, application-auto-scaling-scheduled-scaling."""
    assert next_after(schedule, zone, at(moment), at("2026-11-23T00:00")) == at(expected)


def test_s15_cron_follows_the_clock_change_of_its_zone():
    """Source: Application Auto Scaling user guide, application-auto-scaling-scheduled-scaling."""
    summer = next_after("cron(0 8 * * ? *)", "America/New_York", at("2026-10-31T00:00"), 0)
    winter = next_after("cron(0 8 * * ? *)", "America/New_York", at("2026-11-01T13:00") - 1, 0)
    assert summer == at("2026-10-31T12:00")
    assert winter == at("2026-11-01T13:00")


@pytest.mark.parametrize("schedule", ["at(2020-01-01T00:00:00)", "cron(0 0 * * ? 2020)"])
def test_s15_what_is_past_never_comes(schedule):
    """Source: Application Auto Scaling user guide, application-auto-scaling-scheduled-scaling."""
    assert next_after(schedule, "UTC", at("2026-11-23T00:00"), 0) is None


@pytest.mark.parametrize(
    "schedule", ["", "every day", "cron(0 8 * * *)", "cron(61 8 * * ? *)", "rate(x minutes)", "at(noon)"]
)
def test_s15_what_cannot_be_read_is_refused(schedule):
    """Source: Application Auto Scaling user guide, application-auto-scaling-scheduled-scaling."""
    with pytest.raises(EcsError) as caught:
        next_after(schedule, "UTC", 0, 0)
    assert caught.value.code == "ValidationException"
