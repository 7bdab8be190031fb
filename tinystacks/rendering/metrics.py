"""Figures over time as lines of blocks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich.text import Text

from tinystacks.rendering.stage import plain_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from tinystacks.operations.metric_reads import MetricSeries, StageMetrics

_BLOCKS = "▁▂▃▄▅▆▇█"
_GAP = " "
_WORDS = {
    "cpu": "CPU",
    "memory": "memory",
    "tasks": "tasks",
    "requests": "requests",
    "errors_4xx": "4xx",
    "errors_5xx": "5xx",
    "latency_p50": "latency p50",
    "latency_p95": "latency p95",
    "instances": "instances",
}
_MINUTE = 60
_MILLISECONDS = 1000
_ROOM_FOR_WORDS = 60
_LEAST_ROOM = 20


def show_metrics(console: Console, metrics: StageMetrics) -> None:
    """Write each figure on a line: newest, least and most value, and how it went."""
    room = max(_LEAST_ROOM, console.width - _ROOM_FOR_WORDS)
    ends = f"{metrics.since.astimezone():%H:%M} TO {metrics.until.astimezone():%H:%M}"
    span = f"{ends}, {metrics.period // _MINUTE} MIN EACH"
    table = plain_table("SERVICE", "METRIC", "NOW", "MIN", "MAX", span)
    for series in metrics.series:
        values = on_grid(series, metrics)
        known = [value for value in values if value is not None]
        if not known:
            table.add_row(series.service or "stage", _WORDS[series.name], "-", "-", "-", Text("no data", style="dim"))
            continue
        cells = [_number(value, series.unit) for value in (known[-1], min(known), max(known))]
        table.add_row(
            series.service or "stage", _WORDS[series.name], *cells, Text(sparkline(values)[-room:], style="cyan")
        )
    console.print(table)


def metrics_document(stage: str, metrics: StageMetrics) -> dict[str, Any]:
    """Give what `tstack metrics --json` prints."""
    return {
        "stage": stage,
        "since": metrics.since.isoformat(),
        "until": metrics.until.isoformat(),
        "period": metrics.period,
        "metrics": [
            {
                "service": series.service,
                "name": series.name,
                "unit": series.unit,
                "points": [{"at": at.isoformat(), "value": value} for at, value in series.points],
            }
            for series in metrics.series
        ],
    }


def on_grid(series: MetricSeries, metrics: StageMetrics) -> list[float | None]:
    """Give one value for each period; nothing where nothing was reported, zero for what is counted."""
    step = timedelta(seconds=metrics.period)
    values: list[float | None] = [0.0 if series.counted else None] * round((metrics.until - metrics.since) / step)
    for at, value in series.points:
        place = (at - metrics.since) // step
        if 0 <= place < len(values):
            values[place] = value
    return values


def sparkline(values: Sequence[float | None]) -> str:
    """Draw values, from zero up to the greatest; a gap where there is none."""
    top = max((value for value in values if value is not None), default=0.0)
    return "".join(_GAP if value is None else _block(value, top) for value in values)


def _block(value: float, top: float) -> str:
    share = max(value, 0) / top if top > 0 else 0
    return _BLOCKS[round(share * (len(_BLOCKS) - 1))]


def _number(value: float, unit: str) -> str:
    if unit == "percent":
        return f"{value:.0f} %"
    if unit == "seconds":
        return f"{value * _MILLISECONDS:.0f} ms"
    return f"{value:.0f}" if value == round(value) else f"{value:.1f}"
