"""The engine for tests that need one: found, never downloaded or built."""

from __future__ import annotations

from tests.fakes.lacking import lacking
from tinystacks.deployment.engine import engine_report
from tinystacks.deployment.engine_model import Engine, EngineSettings


def engine_or_skip() -> Engine:
    """Give the engine; without one the test is skipped on a laptop and fails in CI."""
    report = engine_report(EngineSettings())
    if report.engine is None:
        reason = "no engine: " + "; ".join(f"{entry.place}: {entry.reason}" for entry in report.looked)
        lacking(reason)
    return report.engine
