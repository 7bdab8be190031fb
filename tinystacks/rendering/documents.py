"""Results as JSON documents that scripts may rely on, each with `schema_version`."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinystacks.errors import AwsError, SpecError, TinystacksError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tinystacks.deployment.engine_model import EngineReport
    from tinystacks.doctor.finding import Finding
    from tinystacks.local.status import LocalStatus
    from tinystacks.operations.model import StageStatus, TaskStatus
    from tinystacks.outputs import StageOutputs

SCHEMA_VERSION = 1


def to_json(document: Mapping[str, Any]) -> str:
    """Write one document; times as ISO 8601."""
    return json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=2, default=_plain)


def status_document(status: StageStatus) -> dict[str, Any]:
    """Give what `tstack status --json` prints."""
    document = asdict(status)
    for skew, mapping in zip(status.skew, document["skew"], strict=True):
        mapping |= {"moved_on": skew.moved_on, "mixed": skew.mixed, "uneven": skew.uneven}
    for service in document["services"]:
        service["events"] = [{"at": at, "message": message} for at, message in service["events"]]
    return document


def to_json_line(document: Mapping[str, Any]) -> str:
    """Write one document on one line, for output that goes on and on."""
    return json.dumps({"schema_version": SCHEMA_VERSION, **document}, default=_plain)


def task_document(stage: str, task: TaskStatus) -> dict[str, Any]:
    """Give what `tstack tasks --task ID --json` prints."""
    return {"stage": stage, "task": asdict(task)}


def tasks_document(stage: str, tasks: Iterable[TaskStatus]) -> dict[str, Any]:
    """Give what `tstack tasks --json` prints."""
    return {"stage": stage, "tasks": [asdict(task) for task in tasks]}


def outputs_document(outputs: StageOutputs) -> dict[str, Any]:
    """Give what `tstack outputs --json` prints."""
    return outputs.to_mapping()


def findings_document(findings: Iterable[Finding]) -> dict[str, Any]:
    """Give what `tstack doctor --json` prints."""
    return {"findings": [asdict(finding) for finding in findings]}


def engine_document(report: EngineReport) -> dict[str, Any]:
    """Give what `tstack engine show --json` prints."""
    return {
        "engine": asdict(report.engine) if report.engine else None,
        "looked": [asdict(entry) for entry in report.looked],
    }


def local_document(status: LocalStatus) -> dict[str, Any]:
    """Give what `tstack local status --json` prints."""
    return asdict(status)


def error_document(error: TinystacksError) -> dict[str, Any]:
    """Give what any command prints on stdout when it fails with `--json`."""
    details: dict[str, Any] = {
        "kind": error.kind,
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
        "problems": [],
    }
    if isinstance(error, SpecError):
        details["problems"] = [asdict(problem) for problem in error.problems]
    if isinstance(error, AwsError):
        details |= {"service": error.service, "operation": error.operation, "code": error.code}
    return {"error": details}


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
