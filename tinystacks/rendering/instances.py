"""Instances and their machine images as text: what there is, what would change, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from tinystacks.rendering.results import show_verdict

if TYPE_CHECKING:
    from rich.console import Console

    from tinystacks.deployment.machine_image import MachineImages
    from tinystacks.deployment.stage_instances import ImagePlan, InstancesUpdate


def show_machine_images(console: Console, found: MachineImages, typed: str) -> None:
    """Write the pinned, the recommended and former machine images, and the instances.

    Args:
        console: where to.
        found: of the stage.
        typed: the stage as it is typed behind a command.
    """
    console.print(f"[bold]machine image[/]  {escape(found.image.words)}")
    if found.recommended.id == found.image.id:
        console.print("               the recommended one")
    else:
        console.print(f"recommended    {escape(found.recommended.words)}")
    for former in found.former:
        console.print(f"before         {escape(former.words)}", style="dim")
    if found.refresh is not None and found.refresh.under_way:
        console.print(f"[yellow]{escape(found.refresh.words)}[/]")
    if found.instances:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("instance", "zone", "type", "machine image"):
            table.add_column(column, overflow="fold")
        for one in found.instances:
            table.add_row(one.id, one.zone, one.type, one.ami_id)
        console.print()
        console.print(table)
    else:
        console.print("No instances run now.")
    left = found.not_of(found.image.id)
    if found.refresh is not None and found.refresh.under_way:
        return
    if left:
        words = "instance runs" if len(left) == 1 else "instances run"
        console.print(f"[cyan]→[/] {len(left)} {words} another machine image. To replace what is left:")
        console.print(f"  tstack instances update {typed} --ami {found.image.id}")
    elif found.recommended.id != found.image.id:
        console.print(f"[cyan]→[/] To take the recommended one: tstack instances update {typed}")


def show_image_plan(console: Console, plan: ImagePlan) -> None:
    """Write what an update of the instances does."""
    if not plan.changes:
        console.print(f"All instances run {escape(plan.after.words)} already.")
        return
    if plan.before.id == plan.after.id:
        console.print(f"machine image  {escape(plan.after.words)}, which the stage is pinned to already")
    else:
        console.print(f"machine image  {escape(plan.before.words)}")
        console.print(f"           [cyan]→[/]   {escape(plan.after.words)}")
    count = len(plan.old)
    if plan.under_way:
        console.print("An instance refresh is under way.")
    elif count:
        words = "1 instance is replaced: its tasks leave it first." if count == 1 else ""
        console.print(words or f"{count} instances are replaced, one after another: tasks leave each first.")
    else:
        console.print("No instance has to be replaced; new ones are made from it.")


def show_instances_update(console: Console, result: InstancesUpdate, typed: str) -> None:
    """Write how an update of the instances ended.

    Args:
        console: where to.
        result: of the update.
        typed: the stage as it is typed behind a command.
    """
    show_verdict(console, result)
    refresh = result.refresh
    if refresh is not None and not refresh.good:
        console.print(f"  The instance refresh ended as {refresh.status}. {escape(refresh.reason)}".rstrip())
    if result.left:
        _show_left(console, result, typed)
    elif result.result.good:
        console.print(f"  All instances run {escape(result.image.words)}.")


def show_cancelled_refresh(console: Console, result: InstancesUpdate, typed: str) -> None:
    """Write what the stop of an instance refresh leaves; arguments as above."""
    if result.refresh is None:
        console.print("No instance refresh is under way.")
    else:
        console.print("The instance refresh is stopped.")
    if result.left:
        _show_left(console, result, typed)


def _show_left(console: Console, result: InstancesUpdate, typed: str) -> None:
    names = ", ".join(one.id for one in result.left)
    console.print(f"  Of another machine image are left: {names}. New instances are made from {result.image.id}.")
    console.print(
        f"  [cyan]→[/] `tstack instances update {typed} --ami {result.image.id}` goes on; another id goes there."
    )
