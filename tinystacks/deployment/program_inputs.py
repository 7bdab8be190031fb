"""What a stage's program is given, and how it is told whether that has changed."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.preflight import recommended_ami
from tinystacks.deployment.stage_program import check_own_programs, stage_program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from programs.settings import ProgramSettings
    from tinystacks.deployment.target import Target
    from tinystacks.deployment.work_folder import StageRecord
    from tinystacks.spec.model import StageSpec

    ProgramFor = Callable[[StageSpec, ProgramSettings], Callable[[], None]]


class ProgramInputs:
    """The program of one stage on one target.

    Args:
        stage: the stage, complete.
        target: where it is deployed to.
        program: gives the program; `programs.stage.program_for` by default.

    Attributes:
        own: whether it is our own program, whose loading may begin early.
    """

    def __init__(self, stage: StageSpec, target: Target, program: ProgramFor | None) -> None:
        if program is None:
            check_own_programs()
        self.own = program is None
        self.given_program = program
        self._stage = stage
        self._target = target
        self._found_ami = ""
        self._moved_to = ""

    def program(self, record: StageRecord | None, **settings: Any) -> Callable[[], None]:
        """Give the program to run.

        Args:
            record: gives image references and the pinned machine image.
            settings: fields of `ProgramSettings` that differ from what the record says.
        """
        return (self.given_program or stage_program)(self._stage, self.settings(record, **settings))

    def settings(self, record: StageRecord | None, **settings: Any) -> ProgramSettings:
        """Give the facts of this run for a program; see `program`."""
        from programs.settings import ProgramSettings  # noqa: PLC0415 - not before it is known to be ours

        given: dict[str, Any] = {
            "region": self._target.region,
            "account_id": self._target.account_id(),
            "provider_arguments": dict(self._target.provider_arguments()),
            "images": dict(record.images) if record else {},
            "ami_id": self.ami_id(record) or None,
            # ECS moves tasks to another strategy only with a forced deployment (trap B17).
            "deploy_id": self.strategy() if record and record.strategy not in {"", self.strategy()} else "",
            # Whether the services become steady is followed here, where it can be told apart from a rollback.
            "wait_for_steady_state": False,
        }
        return ProgramSettings(**{**given, **settings})

    def move_to(self, ami_id: str) -> None:
        """Pin the stage to another machine image from now on; `compute.ami` of the file stays stronger."""
        self._moved_to = ami_id

    def ami_id(self, record: StageRecord | None) -> str:
        """Give the machine image the stage is pinned to (trap F1): today's at first; empty on Fargate."""
        compute = self._stage.compute
        if compute.kind == "fargate":
            return ""
        if compute.ami or self._moved_to:
            return compute.ami or self._moved_to
        if record is not None and record.ami_id:
            return record.ami_id
        if not self._found_ami:
            self._found_ami = recommended_ami(self._stage, self._target)
        return self._found_ami

    def strategy(self) -> str:
        """Say in one word by which capacity provider strategy the services run."""
        compute = self._stage.compute
        if compute.kind == "ec2":
            return "ec2"
        spot = compute.spot
        return f"fargate-{spot.on_demand_base}-{spot.on_demand_percentage}" if spot else "fargate"

    def spec_json(self) -> str:
        """Give the stage as one text, the same for the same stage."""
        return json.dumps(self._stage.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    def spec_digest(self, images: Mapping[str, str]) -> str:
        """Give a short text that differs when the stage or its images do."""
        return hashlib.sha256(f"{self.spec_json()}{sorted(images.items())}".encode()).hexdigest()

    def settings_digest(self, record: StageRecord) -> str:
        """Give a short text that differs when the program makes something else, whatever the images are."""
        parts = [self.spec_json(), self.ami_id(record), self.strategy(), self._target.identity(), version("tinystacks")]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()
