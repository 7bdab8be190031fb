"""`tstack engine`: which `pulumi` program is used, and how to get one."""

from __future__ import annotations

import typer

from tinystacks.commands.options import Json, open_streams, print_json

app = typer.Typer(help="The engine: the `pulumi` program.", no_args_is_help=True, rich_markup_mode=None)


@app.command("show")
def show(*, as_json: Json = False) -> None:
    """Say which engine is used, and why; exit 1 when there is none."""
    from tinystacks.deployment.engine import engine_report, ways_to_an_engine
    from tinystacks.rendering.documents import engine_document
    from tinystacks.rendering.errors import show_hint
    from tinystacks.rendering.machine import show_engine

    report, screen = engine_report(), open_streams()
    if as_json:
        print_json(engine_document(report))
    else:
        show_engine(screen.data, report)
    if report.engine is None:
        show_hint(screen.talk, ways_to_an_engine())
        raise typer.Exit(1)


@app.command("install")
def install(*, as_json: Json = False) -> None:
    """Find an engine, or download it, or build it with Go (minutes, once)."""
    from tinystacks.deployment.engine import engine_report, find_engine
    from tinystacks.rendering.documents import engine_document
    from tinystacks.rendering.machine import show_engine

    screen = open_streams()
    find_engine(say=screen.talk.print)
    if as_json:
        print_json(engine_document(engine_report()))
    else:
        show_engine(screen.data, engine_report())
