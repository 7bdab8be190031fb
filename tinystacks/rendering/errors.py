"""Errors and warnings as text: what happened, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from tinystacks.errors import SpecError, TinystacksError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from tinystacks.errors import Problem


def show_error(console: Console, error: TinystacksError) -> None:
    """Write an error and its advice."""
    if isinstance(error, SpecError):
        for problem in error.problems:
            console.print(f"[bold red]error[/] {escape(str(problem))}")
    else:
        console.print(f"[bold red]error[/] {escape(error.message)}")
    if error.hint:
        show_hint(console, error.hint)


def show_hint(console: Console, hint: str) -> None:
    """Write what to do next."""
    first, *rest = hint.splitlines()
    console.print(f"[bold cyan]next[/]  {escape(first)}")
    for line in rest:
        console.print(f"      {escape(line)}")


def show_warnings(console: Console, warnings: Iterable[Problem]) -> None:
    """Write what is allowed but should be known."""
    for warning in warnings:
        console.print(f"[bold yellow]warning[/] {escape(str(warning))}")
