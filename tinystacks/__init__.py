"""tinystacks: run containers on Amazon ECS in your own AWS account.

```python
from tinystacks import AwsTarget, Deployment, load_stack

stage = load_stack().stage("dev")
result = Deployment(stage, AwsTarget(region="eu-west-1"), workspace=Path()).up()
```

A stack is loaded (`load_stack`) or made in Python (`StackSpec`), one stage of it is deployed to a target
(`Deployment`), and read from there (`Operations`). Names are imported when they are first used, so that
`import tinystacks` stays cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinystacks.deployment.deployment import Deployment
    from tinystacks.deployment.ends import Result
    from tinystacks.deployment.engine_model import Engine, EngineSettings
    from tinystacks.deployment.results import (
        DestroyResult,
        HistoryEntry,
        OperationResult,
        PreviewResult,
        RefreshResult,
        UpResult,
    )
    from tinystacks.deployment.target import AwsTarget, Target
    from tinystacks.errors import (
        AccessError,
        ApprovalMissingError,
        AwsError,
        CredentialsError,
        DeploymentFailedError,
        EngineError,
        EngineMissingError,
        InterruptedByUserError,
        InterruptedUpdateError,
        LocalAwsError,
        LockedError,
        NotDeployedError,
        Problem,
        SpecError,
        TinystacksError,
        UsageError,
    )
    from tinystacks.local.process import LocalAws
    from tinystacks.local.target import LocalTarget
    from tinystacks.operations.exec_access import TaskAccess
    from tinystacks.operations.model import StageStatus
    from tinystacks.operations.stage_reads import Operations
    from tinystacks.outputs import ServiceOutputs, StageOutputs
    from tinystacks.spec import (
        AlarmsSpec,
        BuildSpec,
        ComputeSpec,
        ContainerHealthCheckSpec,
        CpuScalingSpec,
        EndpointSpec,
        HealthCheckSpec,
        InstancesSpec,
        LogsSpec,
        NetworkSpec,
        PermissionSpec,
        RollingUpdateSpec,
        RouteSpec,
        ScheduleSpec,
        ServiceSpec,
        SidecarSpec,
        SpotSpec,
        StackSpec,
        StageSpec,
        TasksSpec,
        load_stack,
        stage_warnings,
    )

__all__ = [
    "AccessError",
    "AlarmsSpec",
    "ApprovalMissingError",
    "AwsError",
    "AwsTarget",
    "BuildSpec",
    "ComputeSpec",
    "ContainerHealthCheckSpec",
    "CpuScalingSpec",
    "CredentialsError",
    "Deployment",
    "DeploymentFailedError",
    "DestroyResult",
    "EndpointSpec",
    "Engine",
    "EngineError",
    "EngineMissingError",
    "EngineSettings",
    "HealthCheckSpec",
    "HistoryEntry",
    "InstancesSpec",
    "InterruptedByUserError",
    "InterruptedUpdateError",
    "LocalAws",
    "LocalAwsError",
    "LocalTarget",
    "LockedError",
    "LogsSpec",
    "NetworkSpec",
    "NotDeployedError",
    "OperationResult",
    "Operations",
    "PermissionSpec",
    "PreviewResult",
    "Problem",
    "RefreshResult",
    "Result",
    "RollingUpdateSpec",
    "RouteSpec",
    "ScheduleSpec",
    "ServiceOutputs",
    "ServiceSpec",
    "SidecarSpec",
    "SpecError",
    "SpotSpec",
    "StackSpec",
    "StageOutputs",
    "StageSpec",
    "StageStatus",
    "Target",
    "TaskAccess",
    "TasksSpec",
    "TinystacksError",
    "UpResult",
    "UsageError",
    "load_stack",
    "stage_warnings",
]

_HOME_OF = {
    "Deployment": "deployment.deployment",
    "Engine": "deployment.engine_model",
    "EngineSettings": "deployment.engine_model",
    "Result": "deployment.ends",
    **dict.fromkeys(
        (
            "DestroyResult",
            "HistoryEntry",
            "OperationResult",
            "PreviewResult",
            "RefreshResult",
            "UpResult",
        ),
        "deployment.results",
    ),
    "AwsTarget": "deployment.target",
    "Target": "deployment.target",
    "LocalAws": "local.process",
    "LocalTarget": "local.target",
    "Operations": "operations.stage_reads",
    "TaskAccess": "operations.exec_access",
    "StageStatus": "operations.model",
    "ServiceOutputs": "outputs",
    "StageOutputs": "outputs",
    "Problem": "errors",
}
"""Modules of the names that do not tell it themselves: errors end in `Error`, all the rest is of the file (`spec`)."""


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562), and keep it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOME_OF.get(name) or ("errors" if name.endswith("Error") else "spec")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
