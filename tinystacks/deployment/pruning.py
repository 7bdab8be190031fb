"""Deregistering task definition revisions that no release needs and nothing uses (trap B3).

```
plan: state, ECS ─▶ what is ACTIVE ─▶ what uses it ─▶ what may go, what stays and why
prune: lock ─▶ plan again ─▶ what may go in both ─▶ DeregisterTaskDefinition, one by one
```
Nothing that runs is touched, and the next `prune` goes on where one was broken off.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.events import Notice, OnEvent, Phase, PhaseStarted, ignore
from tinystacks.deployment.interrupt import run_in_worker
from tinystacks.deployment.opening import open_stage
from tinystacks.deployment.recovery import run_past_stale_lock
from tinystacks.deployment.revision_choice import KeptRevision, Revision, Use, chosen
from tinystacks.deployment.revision_uses import active_revisions, is_ours, used_in_cluster, used_in_state
from tinystacks.errors import AwsError, UsageError
from tinystacks.naming import cluster_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.engine_state import State
    from tinystacks.deployment.releases import Release
    from tinystacks.outputs import StageOutputs

RELEASES_KEPT = 20
"""Releases whose revisions stay ACTIVE where nothing else is said."""
_COMMAND = "releases prune"
_SECONDS_BETWEEN = 1.0
"""Amazon ECS API request throttling: one DeregisterTaskDefinition a second, after a burst that an `up` may need."""
_GONE = "ClientException"
"""Of DeregisterTaskDefinition for a revision that is not ACTIVE any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunePlan:
    """Which revisions may go and which stay.

    Attributes:
        stack: name of the stack.
        stage: name of the stage.
        keep: how many of the newest releases keep their revisions.
        doomed: revisions that nothing uses and no such release ran.
        kept: the others, with the reasons.
    """

    stack: str
    stage: str
    keep: int
    doomed: tuple[Revision, ...]
    kept: tuple[KeptRevision, ...]

    @property
    def counts(self) -> dict[Use, int]:
        """How many stay, by the first reason of each."""
        counted = Counter(one.uses[0] for one in self.kept)
        return {use: counted[use] for use in Use if counted[use]}


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneResult:
    """What a prune did.

    Attributes:
        plan: what was found under the stage's lock.
        deregistered: revisions that are INACTIVE now.
    """

    plan: PrunePlan
    deregistered: tuple[Revision, ...]

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data."""
        return {
            "stack": self.plan.stack,
            "stage": self.plan.stage,
            "keep": self.plan.keep,
            "deregistered": [str(one) for one in self.deregistered],
            "kept": [{"revision": str(one.revision), "why": [str(use) for use in one.uses]} for one in self.plan.kept],
        }


class Pruning:
    """The revisions of one deployed stage; from `Deployment.pruning()`.

    Args:
        context: the stage.
        outputs: names its cluster.
        releases: reads its releases, newest first.
        keep: how many of the newest keep their revisions, whatever their result; at least 1.

    Raises:
        UsageError: `keep` is below 1.
    """

    def __init__(
        self, context: StageContext, outputs: StageOutputs, releases: Callable[[], Sequence[Release]], *, keep: int
    ) -> None:
        if keep < 1:
            raise UsageError(f"{keep} releases cannot be kept", hint="The newest always is: 1 is the least.")
        self._context = context
        self._outputs = outputs
        self._releases = releases
        self._keep = keep
        self._prefix = f"{cluster_name(context.stage.stack, context.stage.stage)}-"

    def plan(self) -> PrunePlan:
        """Say what a prune would deregister and what stays, and why; changes nothing.

        Raises:
            AwsError: ECS refuses to be read; without knowing what is in use nothing may go.
            TinystacksError: what else stands in the way.
        """
        context = self._context
        context.check_target(ignore)
        with context.explained(_COMMAND):
            state = context.session(context.engine(ignore)).state()
        return self._plan(state, known=())

    def prune(self, plan: PrunePlan, on_event: OnEvent = ignore) -> PruneResult:
        """Deregister what a plan names and what is still of no use; one a second on AWS, which allows no more.

        May be repeated after any interruption: what is deregistered is not looked at again.

        Args:
            plan: from `plan`, as it was agreed to.
            on_event: receives progress.

        Raises:
            LockedError: someone else changes this stage.
            InterruptedByUserError: the user ended it; what was deregistered stays so.
            AwsError: ECS refuses; as above.
        """
        return run_in_worker(lambda emit: self._prune(plan, emit), on_event=on_event, interrupt=self._context.interrupt)

    def _prune(self, agreed: PrunePlan, emit: OnEvent) -> PruneResult:
        emit(PhaseStarted(phase=Phase.PREFLIGHT, message="checking account, state and what is in use"))
        with open_stage(self._context, _COMMAND, emit, mend=False) as opened:
            self._wait_for_nobody(opened)
            plan = self._plan(opened.state, known=agreed.doomed)
            wanted = [one for one in plan.doomed if one in set(agreed.doomed)]
            if wanted:
                many = f"{len(wanted)} revisions" if len(wanted) > 1 else "1 revision"
                emit(PhaseStarted(phase=Phase.CLEARING, message=f"deregistering {many}"))
            self._deregister(wanted, emit)
            return PruneResult(plan=plan, deregistered=tuple(wanted))

    def _wait_for_nobody(self, opened: Opened) -> None:
        """Make sure that no other machine is changing a shared stage: our lock does not stop it.

        What another one begins from now on makes revisions of its own, or goes on with what the state names.
        """
        if self._context.shared:
            with self._context.explained(_COMMAND):
                run_past_stale_lock(opened.session, opened.session.try_lock, opened.emit, only=opened.lock_left_by)
                opened.state = opened.session.state()

    def _plan(self, state: State | None, *, known: Iterable[Revision]) -> PrunePlan:
        """Look at everything; revisions that are `known` as the stage's own are not asked about again."""
        stack, stage = self._context.stage.stack, self._context.stage.stage
        ecs = self._context.target.client("ecs")
        releases = self._releases()
        with aws_errors("ecs", "task definition revisions of the stage"):
            # What comes into use from here on is either in what is read after it, or registered after it.
            active = active_revisions(ecs, stack=stack, stage=stage, prefix=self._prefix)
            used = used_in_cluster(ecs, self._outputs.cluster_name)
            used[Use.STATE] = used_in_state(state)
            doomed, _ = chosen(active, used, releases, prefix=self._prefix, keep=self._keep)
            ours = set(known)
            used[Use.UNMARKED] = {
                one for one in doomed if one not in ours and not is_ours(ecs, one, stack=stack, stage=stage)
            }
        doomed, kept = chosen(active, used, releases, prefix=self._prefix, keep=self._keep)
        return PrunePlan(stack=stack, stage=stage, keep=self._keep, doomed=doomed, kept=kept)

    def _deregister(self, revisions: Sequence[Revision], emit: OnEvent) -> None:
        context = self._context
        ecs = context.target.client("ecs")
        done = 0
        try:
            for revision in revisions:
                context.interrupt.check()
                _deregister(ecs, revision)
                done += 1
                if context.target.name == "aws" and done < len(revisions):
                    context.pace.sleep(_SECONDS_BETWEEN)
        finally:
            if done < len(revisions):
                emit(Notice(message=f"{done} of {len(revisions)} revisions are deregistered; they stay so."))


def _deregister(ecs: Any, revision: Revision) -> None:
    try:
        with aws_errors("ecs", f"task definition {revision}"):
            ecs.deregister_task_definition(taskDefinition=str(revision))
    except AwsError as error:
        if error.code != _GONE:
            raise
        with aws_errors("ecs", f"task definition {revision}"):
            status = ecs.describe_task_definition(taskDefinition=str(revision))["taskDefinition"]["status"]
        if status == "ACTIVE":
            raise
