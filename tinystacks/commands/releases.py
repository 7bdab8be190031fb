"""`tstack releases`, `rollback`, `restart`, `scale`, `run`: what a stage ran, and what can be done with what runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from tinystacks.commands.named_once import once_each
from tinystacks.commands.options import Place, Yes, on_stage, print_json
from tinystacks.commands.typed_forms import COMMAND_WORD
from tinystacks.errors import DeploymentFailedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.deployment.results import UpResult

Words = Annotated[
    list[str] | None, typer.Argument(metavar="NUMBER...", help="Numbers of releases.", show_default=False)
]
ServiceWord = Annotated[str | None, typer.Argument(metavar="SERVICE", help="Service of the file.", show_default=False)]
Service = Annotated[str | None, typer.Option("--service", "-s", help="Service of the file.")]

app = typer.Typer(help="What a stage ran, release by release.", no_args_is_help=True, rich_markup_mode=None)


def add_to(main: typer.Typer) -> None:
    """Register the commands."""
    main.add_typer(app, name="releases")
    for command in (rollback, restart, scale):
        main.command()(command)
    main.command("run")(run_task)


@app.command("list")
@on_stage
def list_releases(place: Place) -> None:
    """List the releases of a stage, newest first; `tstack releases [STAGE]` does the same."""
    from tinystacks.rendering.releases import show_releases

    deployment = place.past()
    found = deployment.releases()
    if place.as_json:
        print_json({"stage": deployment.stage.stage, "releases": [release.to_mapping() for release in found]})
    else:
        show_releases(place.screen.data, found)


@app.command("show")
@on_stage
def show(place: Place, *, words: Words = None) -> None:
    """Show one release: `releases show 3`, or `releases show prod 3`."""
    from tinystacks.deployment.releases import pick
    from tinystacks.rendering.releases import show_release

    place, [number] = _numbers(place, words, "show 3")
    deployment = place.past()
    release = pick(deployment.releases(), number, deployment.typed)
    if place.as_json:
        print_json({"stage": deployment.stage.stage, **release.to_mapping(whole=True)})
    else:
        show_release(place.screen.data, release)


@app.command("diff")
@on_stage
def diff(place: Place, *, words: Words = None) -> None:
    """Show what two releases have different: `releases diff 3 4`, or `releases diff prod 3 4`."""
    from tinystacks.deployment.release_diff import differences
    from tinystacks.deployment.releases import pick
    from tinystacks.rendering.releases import show_differences

    place, [before, after] = _numbers(place, words, "diff 3 4")
    deployment = place.past()
    known, name = deployment.releases(), deployment.stage.stage
    found = differences(pick(known, before, deployment.typed), pick(known, after, deployment.typed))
    if place.as_json:
        document = [difference.to_mapping() for difference in found]
        print_json({"stage": name, "from": before, "to": after, "differences": document})
    else:
        show_differences(place.screen.data, found)


@app.command("prune")
@on_stage
def prune(
    place: Place,
    *,
    keep: Annotated[
        int, typer.Option("--keep", min=1, help="How many of the newest releases keep their revisions.")
    ] = 20,
    yes: Yes = False,
) -> None:
    """Deregister task definition revisions that none of the last releases ran and that nothing uses."""
    from tinystacks.rendering.asking import ask_before_prune, require_answer
    from tinystacks.rendering.progress import Progress
    from tinystacks.rendering.releases import show_prune_plan, show_pruned

    require_answer(place.screen, "releases prune", yes=yes)
    deployment = place.deployment()
    pruning = deployment.pruning(keep)
    plan = pruning.plan()
    show_prune_plan(place.screen.talk, plan)
    if plan.doomed:
        ask_before_prune(place.screen, deployment.stage, len(plan.doomed), yes=yes)
    with Progress(place.screen) as progress, deployment.interrupt.on_signals():
        result = pruning.prune(plan, progress)
    if place.as_json:
        print_json(result.to_mapping())
    else:
        show_pruned(place.screen.data, result)


@on_stage
def rollback(
    place: Place,
    *,
    to: Annotated[int | None, typer.Option("--to", min=1, help="Number of a release.")] = None,
    yes: Yes = False,
    message: Annotated[str, typer.Option("--message", "-m", help="Kept with the new release.")] = "",
    allow_downtime: Annotated[bool, typer.Option("--allow-downtime", help="Replace a service if it must be.")] = False,
) -> None:
    """Bring back images and all settings of an earlier release; by default the last good one before the current."""
    from tinystacks.rendering.asking import ask_before_rollback, require_answer
    from tinystacks.rendering.progress import Progress
    from tinystacks.rendering.releases import show_rollback_plan

    require_answer(place.screen, "rollback", yes=yes or place.local)
    deployment = place.deployment()
    plan = deployment.rollback_plan(to)
    show_rollback_plan(place.screen.talk, plan)
    ask_before_rollback(place.screen, deployment.stage, plan.target.number, yes=yes or place.local)
    with Progress(place.screen) as progress, deployment.interrupt.on_signals():
        result = deployment.rollback(plan, progress, message=message, allow_downtime=allow_downtime)
    _finish(place, result)


@on_stage
def restart(place: Place, *, named: ServiceWord = None, service: Service = None) -> None:
    """Replace all tasks by new ones of the same version, without interruption: `restart`, or `restart web`."""
    from tinystacks.rendering.progress import Progress

    place, service = _named_service(place, named, service)
    deployment = place.deployment()
    running = deployment.running()
    with Progress(place.screen) as progress, deployment.interrupt.on_signals():
        result = running.restart(progress, services=[service] if service else [])
    _finish(place, result)


@on_stage
def scale(
    place: Place,
    *,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="SERVICE=TASKS...", help="Such as web=4.", show_default=False)
    ] = None,
) -> None:
    """Set how many tasks run now, within the limits of the file: `scale web=4`, or `scale prod web=4 worker=2`."""
    from tinystacks.rendering.progress import Progress

    place, given = _words(place, words, lambda word: "=" in word)
    counts = once_each([_count(word) for word in given], "a number of tasks")
    if not counts:
        raise UsageError("scale needs a service and a number", hint="Such as: `tstack scale web=4`")
    deployment = place.deployment()
    running = deployment.running()
    with Progress(place.screen) as progress, deployment.interrupt.on_signals():
        result = running.scale(counts, progress)
    _finish(place, result)


@on_stage
def run_task(
    place: Place,
    *,
    named: ServiceWord = None,
    service: Service = None,
    command: Annotated[list[str] | None, typer.Option(COMMAND_WORD, hidden=True)] = None,
) -> None:
    """Run a command once in a task of its own: `run web -- ./migrate --now`; its exit code is tstack's."""
    from tinystacks.rendering.progress import Progress
    from tinystacks.rendering.releases import TaskLog, show_task_run

    if not command:
        raise UsageError("run needs a command", hint="Such as: `tstack run web -- ./migrate --now`")
    place, service = _named_service(place, named, service)
    deployment = place.deployment()
    name = service or _only_service(list(deployment.stage.services))
    running = deployment.running()
    with Progress(place.screen) as progress, deployment.interrupt.on_signals():
        done = running.run(name, command, TaskLog(progress, None if place.as_json else place.screen.data))
    if place.as_json:
        print_json({"stack": deployment.stage.stack, "stage": deployment.stage.stage, **done.to_mapping()})
    else:
        show_task_run(place.screen.talk, done)
    raise typer.Exit(DeploymentFailedError.exit_code if done.exit_code is None else done.exit_code)


def cancel_rollout(place: Place) -> None:
    """Stop deployments of a stage that are under way: `up --cancel`, and the answer to an interrupted `up`."""
    from tinystacks.deployment.ends import Result
    from tinystacks.rendering.progress import Progress
    from tinystacks.rendering.releases import show_cancelled

    deployment = place.deployment()
    running = deployment.running()
    with Progress(place.screen) as progress, deployment.interrupt.on_signals():
        result = running.cancel_rollout(progress)
    if place.as_json:
        print_json(result.to_mapping())
    else:
        show_cancelled(place.screen.talk, result, deployment.typed)
    if result.result not in {Result.UNCHANGED, Result.ROLLED_BACK, Result.STEADY}:
        raise typer.Exit(DeploymentFailedError.exit_code)


def given_images(words: list[str] | None) -> dict[str, str]:
    """Read `--image web=REF`.

    Raises:
        UsageError: one names no service or no image, or a service is named twice.
    """
    found: list[tuple[str, str]] = []
    for word in words or ():
        name, _, image = word.partition("=")
        if not name or not image:
            raise UsageError(f"--image {word!r} names no service and image", hint="Such as: --image web=nginx:1.27")
        found.append((name, image))
    return once_each(found, "an image")


def _finish(place: Place, result: UpResult) -> None:
    from tinystacks.rendering.results import show_verdict

    if place.as_json:
        print_json(result.to_mapping())
    else:
        show_verdict(place.screen.talk, result)
    if not result.result.good:
        raise typer.Exit(DeploymentFailedError.exit_code)


def _only_service(names: list[str]) -> str:
    if len(names) != 1:
        raise UsageError(f"the stage has {len(names)} services: {', '.join(names)}", hint="Name one with --service.")
    return names[0]


def _named_service(place: Place, named: str | None, service: str | None) -> tuple[Place, str | None]:
    """Tell stage and service apart in `run web`, `run prod web` and `run prod --service web`."""
    if named and service:
        raise UsageError(f"one service at a time, not {named} and {service}")
    if named:
        return place, named
    stack = place.workspace().stack
    if service or place.stage is None or place.stage in stack.stage_names:
        return place, service
    services = list(stack.stage().services)
    if place.stage not in services:
        raise UsageError(
            f"there is neither a stage nor a service `{place.stage}`",
            hint=f"Stages: {', '.join(stack.stage_names)}; services: {', '.join(services)}.",
        )
    return replace(place, stage=None), place.stage


def _words(place: Place, words: list[str] | None, is_ours: Callable[[str], bool]) -> tuple[Place, list[str]]:
    """Tell the stage from other words: a stage's name begins with a letter and has no `=`."""
    given = [word for word in (place.stage, *(words or ())) if word is not None]
    ours = [word for word in given if is_ours(word)]
    names = [word for word in given if not is_ours(word)]
    if len(names) > 1:
        raise UsageError(f"one stage at a time, not {' and '.join(names)}")
    return replace(place, stage=names[0] if names else None), ours


def _numbers(place: Place, words: list[str] | None, example: str) -> tuple[Place, list[int]]:
    place, given = _words(place, words, str.isdecimal)
    command, *wanted = example.split()
    if len(given) != len(wanted):
        kind = "the number of a release" if len(wanted) == 1 else f"the numbers of {len(wanted)} releases"
        said = "none was given" if not given else f"{' '.join(given)} was given"
        raise UsageError(
            f"releases {command} needs {kind}; {said}",
            hint=f"Such as: `tstack releases {example}`; `tstack releases` lists them.",
        )
    return place, [int(word) for word in given]


def _count(word: str) -> tuple[str, int]:
    name, _, number = word.partition("=")
    if not number.isdecimal():
        raise UsageError(f"{word!r} names no number of tasks", hint="Such as: `tstack scale web=4`")
    return name, int(number)
