"""From a file to something that can be deployed or read: the one place where the parts are put together.

```
Workspace(file, local=…) ──▶ stack ──▶ stage(name) ──▶ deployment(name), operations(name)
```
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tinystacks.errors import SpecError
from tinystacks.regions import LOCAL_REGION, checked_region

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tinystacks.deployment.deployment import Deployment
    from tinystacks.deployment.target import Target
    from tinystacks.doctor.finding import Finding
    from tinystacks.local.status import LocalStatus
    from tinystacks.operations.stage_reads import Operations
    from tinystacks.spec.model import StackSpec, StageSpec


@dataclass(frozen=True)
class Workspace:
    """A file and where its stages go.

    Attributes:
        file: path of the file; `tstack.yaml` in the current folder by default.
        local: whether stages go to the local AWS on this machine, which is started when it does not run.
        profile: AWS profile; goes before the file's.
        region: AWS region; goes before the file's.
        runtime: what runs the containers of the local AWS when it is started: `docker`, `simulated`, or none to choose.
        speed: simulated seconds per second of the local AWS when it is started.
        on_local_start: is told of the local AWS when it had to be started, before anything else is asked of it.
    """

    file: Path | None = None
    local: bool = False
    profile: str | None = None
    region: str | None = None
    runtime: str | None = None
    speed: float | None = None
    on_local_start: Callable[[LocalStatus], None] | None = None

    @cached_property
    def path(self) -> Path:
        """The file that is used.

        Raises:
            SpecError: there is none.
        """
        from tinystacks.spec.loader import find_file  # noqa: PLC0415 - pydantic takes 0.2 s to load

        return find_file(self.file)

    @cached_property
    def stack(self) -> StackSpec:
        """The whole file.

        Raises:
            SpecError: with every problem found in it.
        """
        from tinystacks.spec.loader import load_stack  # noqa: PLC0415 - as above

        return load_stack(self.path)

    def stage(self, name: str | None = None) -> StageSpec:
        """Give one stage with every default filled in.

        Args:
            name: the first of the file by default.

        Raises:
            SpecError: no such stage, or its overrides make no valid stage.
        """
        return self.stack.stage(name)

    def target(self, stage: StageSpec) -> Target:
        """Give where a stage goes; starts the local AWS when that is where and it does not run.

        Raises:
            CredentialsError: no region is known.
            UsageError: there is no such region.
            LocalAwsError: the local AWS cannot be started.
        """
        return self._target(stage.profile, stage.region)

    def _target(self, profile: str | None, region: str | None) -> Target:
        if self.local:
            from tinystacks.local.process import LocalAws  # noqa: PLC0415 - an extra that only --local needs
            from tinystacks.local.target import LocalTarget  # noqa: PLC0415 - same

            region = checked_region(self.region or region or LOCAL_REGION, local=True)
            status = LocalAws().start(runtime=self.runtime, speed=self.speed)
            if status.is_new and self.on_local_start is not None:
                self.on_local_start(status)
            return LocalTarget(status, region)
        from tinystacks.deployment.target import AwsTarget, configured_region  # noqa: PLC0415 - boto3 takes 0.2 s to load

        profile = self.profile or profile
        region = checked_region(self.region or region or configured_region(profile))
        return AwsTarget(profile=profile, region=region)

    def elsewhere(self, cluster: str, service: str | None = None) -> Operations:
        """Give what reads services that something else made; no file is needed, only the options say where.

        Args:
            cluster: name or ARN.
            service: name or ARN of the ECS service; all of the cluster when none is given.

        Raises:
            NotDeployedError: no such cluster.
            UsageError: no such service.
        """
        from tinystacks.operations.stage_reads import Operations  # noqa: PLC0415 - its caller may only change stages

        target = self._target(None, None)
        return Operations.elsewhere(target.client, cluster=cluster, service=service, region=target.region)

    def deployment(self, name: str | None = None) -> Deployment:
        """Give what changes a stage.

        Args:
            name: the stage; the first of the file by default.
        """
        from tinystacks.deployment.deployment import Deployment  # noqa: PLC0415 - pulumi takes 0.3 s to load

        stage = self.stage(name)
        return Deployment(stage, self.target(stage), workspace=self.path.parent)

    def operations(self, name: str | None = None) -> Operations:
        """Give what reads a deployed stage.

        Args:
            name: the stage; the first of the file by default.

        Raises:
            NotDeployedError: the stage does not exist yet.
        """
        from tinystacks.operations.stage_reads import Operations  # noqa: PLC0415 - its caller may only change stages

        if self.local:
            from tinystacks.kept_view import kept_view  # noqa: PLC0415 - only reads of the local AWS need it

            kept = kept_view(self.file, name, self.region)
            if kept is not None:
                return Operations(
                    kept.outputs,
                    kept.target.client,
                    release=kept.release,
                    local_changes=lambda: self.deployment(name).has_local_changes() if kept.file_is_newer else False,
                )
        deployment = self.deployment(name)
        record = deployment.record()
        return Operations(
            deployment.outputs(),
            deployment.target.client,
            release=record.release if record else 0,
            local_changes=lambda: deployment.has_local_changes(record),
        )

    def examine(self, name: str | None = None) -> list[Finding]:
        """Check this machine, and the AWS account that a stage goes to unless that is the local AWS.

        Args:
            name: the stage; without a file only the options and the environment say which account.
        """
        from tinystacks.deployment.engine import engine_report  # noqa: PLC0415 - one command needs it
        from tinystacks.doctor.examination import examine_account, examine_machine  # noqa: PLC0415 - same

        findings = [*examine_machine(engine_report())]
        if not self.local:
            findings += examine_account(lambda: self._account(name))
        return findings

    def _account(self, name: str | None) -> Target:
        try:
            return self.target(self.stage(name))
        except SpecError:
            if self.file is not None or name is not None:
                raise
            return self._target(None, None)
