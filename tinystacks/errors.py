"""Every error that tinystacks raises on purpose, in one tree.

```
TinystacksError                  exit 1
├── UsageError                   exit 2   wrong options or arguments
├── SpecError                    exit 2   the file (or the objects given in Python) is wrong; carries every problem
├── EngineError                  exit 1   the pulumi program is missing, too old, or failed
│   ├── EngineMissingError
│   ├── LockedError              another update of this stage is running
│   └── InterruptedUpdateError   an earlier run ended midway and needs a person
├── CredentialsError             exit 1   no, expired or other credentials than the stage's record
├── AwsError                     exit 1   AWS refused; carries service, operation, code, message
├── LocalAwsError                exit 1   the local AWS cannot start, stopped, or lacks a part
├── NotDeployedError             exit 1   the stage does not exist yet
├── AccessError                  exit 1   a task cannot be entered, or a session with it did not open
├── DeploymentFailedError        exit 4   rolled back, or not steady in time
├── ApprovalMissingError         exit 5
└── InterruptedByUserError       exit 130
```

An error says what happened (`message`), and what to do next (`hint`). `cli.py` turns any of them into one text on
stderr and an exit code; nothing else prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class TinystacksError(Exception):
    """Base of all errors of this package.

    Args:
        message: what happened and why, in words of the user's file where it concerns the file.
        hint: what to do next; empty when nothing can be advised.
    """

    kind: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in a file or in the objects given.

    Attributes:
        field: dotted path of the field, such as `services.web.memory`; empty for the whole document.
        message: what is wrong; what would be right.
        file: name of the file as the user gave it; empty when the spec was made in Python.
        line: 1-based; 0 when unknown.
        column: 1-based; 0 when unknown.
        severity: `error` refuses the file, `warning` is only shown.
        code: short stable name of the rule, such as `memory-does-not-fit`.
    """

    field: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    severity: str = "error"
    code: str = ""

    def __str__(self) -> str:
        position = f"{self.file}:{self.line}:{self.column}: " if self.file else ""
        name = f"{self.field}: " if self.field else ""
        return f"{position}{name}{self.message}"


class UsageError(TinystacksError):
    """Options or arguments do not fit together."""

    kind = "usage"
    exit_code = 2


class SpecError(TinystacksError):
    """The file or the objects given describe no valid stack.

    Args:
        problems: every problem found, in order of position; at least one.
    """

    kind = "spec"
    exit_code = 2

    def __init__(self, problems: Sequence[Problem], *, hint: str = "") -> None:
        super().__init__("\n".join(str(problem) for problem in problems), hint=hint)
        self.problems = tuple(problems)


class EngineError(TinystacksError):
    """The engine (the `pulumi` program) failed."""

    kind = "engine"


class EngineMissingError(EngineError):
    """No engine of an accepted version was found and none could be had."""

    kind = "engine-missing"


class LockedError(EngineError):
    """Another update of this stage holds its lock."""

    kind = "locked"


class InterruptedUpdateError(EngineError):
    """An earlier run ended midway and left something that a person must decide."""

    kind = "interrupted-update"


class CredentialsError(TinystacksError):
    """AWS credentials are missing, expired, or belong to another account than the stage's record."""

    kind = "credentials"


class AwsError(TinystacksError):
    """AWS refused a call.

    Args:
        message: AWS's own message, with the resource in words of the file.
        service: name as in boto3, such as `ecs`.
        operation: name as in the API reference, such as `CreateService`.
        code: AWS's error code.
        hint: what to do next.
        passes: whether the same call may well succeed in a while, without anybody doing anything.
    """

    kind = "aws"

    def __init__(
        self,
        message: str,
        *,
        service: str = "",
        operation: str = "",
        code: str = "",
        hint: str = "",
        passes: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.passes = passes
        self.service = service
        self.operation = operation
        self.code = code


class LocalAwsError(TinystacksError):
    """The local AWS cannot start, has stopped, or lacks what was asked of it."""

    kind = "local-aws"


class NotDeployedError(TinystacksError):
    """The stage does not exist yet."""

    kind = "not-deployed"


class AccessError(TinystacksError):
    """A task cannot be entered, or a session with it did not open."""

    kind = "access"


class DeploymentFailedError(TinystacksError):
    """The deployment was rolled back or did not become steady."""

    kind = "deployment"
    exit_code = 4


class ApprovalMissingError(TinystacksError):
    """The stage asks for an approval that was not given."""

    kind = "approval"
    exit_code = 5


class InterruptedByUserError(TinystacksError):
    """The user ended the command."""

    kind = "interrupted"
    exit_code = 130
