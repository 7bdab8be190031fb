"""Tables of one line a row that fit a terminal: what matters least is shortened, then left out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

_GAP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column, and what may be done to it where room is scarce.

    Attributes:
        header: its name.
        cells: one a row.
        short: header and shorter form of a cell; none where it cannot be shortened.
        dull: values that say so little that the column may go when all rows have the same one of them; `ANY` for every
            value, empty when it has to stay.
        spare: whether it may go when nothing else helps.
        cut: whether long cells may be cut when nothing else helps.
    """

    header: str
    cells: Sequence[Text]
    short: tuple[str, Callable[[str], str]] | None = None
    dull: frozenset[str] = field(default_factory=frozenset[str])
    spare: bool = False
    cut: bool = False

    @property
    def width(self) -> int:
        """Columns of the terminal that it takes."""
        return max([len(self.header), *(cell.cell_len for cell in self.cells)])

    @property
    def says_little(self) -> bool:
        """Whether all rows have the same dull value."""
        values = {cell.plain for cell in self.cells}
        return len(values) == 1 and (self.dull is ANY or values <= self.dull)


ANY = frozenset({"*"})
"""For `Column.dull`: whatever the value is that all rows have."""


def fitted(columns: Sequence[Column], width: int) -> list[Column]:
    """Shorten columns, then leave some out, one after the other until the rest fits.

    Args:
        columns: from left to right.
        width: of the terminal.
    """
    left = list(columns)
    for column in [one for one in columns if one.short]:
        if _total(left) > width:
            left[left.index(column)] = _shortened(column)
    for column in [*(one for one in left if one.says_little), *(one for one in reversed(left) if one.spare)]:
        if _total(left) > width and column in left:
            left.remove(column)
    for place, column in enumerate(left):
        too_much = _total(left) - width
        if column.cut and too_much > 0:
            left[place] = _cut(column, max(column.width - too_much, len(column.header)))
    return left


def fitted_table(columns: Sequence[Column], width: int) -> Table:
    """Give a table without lines whose rows take one line each.

    Args:
        columns: from left to right, all with as many cells.
        width: of the terminal.
    """
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, _GAP, 0, 0))
    left = fitted(columns, width)
    for column in left:
        table.add_column(column.header, overflow="ellipsis", no_wrap=True)
    for row in zip(*(column.cells for column in left), strict=True):
        table.add_row(*row)
    return table


class WithNotes:
    """A table whose rows take one line each, with words of their own below some rows.

    Args:
        table: the table.
        notes: one a row; empty where there is nothing to say.
    """

    def __init__(self, table: RenderableType, notes: Sequence[str]) -> None:
        self._table = table
        self._notes = notes

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give the lines; Rich calls it."""
        lines = console.render_lines(self._table, options, pad=False)
        for line, note in zip(lines, ["", *self._notes], strict=True):
            yield from line
            yield Segment.line()
            if note and options.no_wrap:
                yield Text(f"  {note}")
            elif note:
                yield from (Text("  ") + piece for piece in Text(note).wrap(console, max(options.max_width - 2, 1)))


def _total(columns: Sequence[Column]) -> int:
    return sum(column.width + _GAP for column in columns) - _GAP


def _shortened(column: Column) -> Column:
    if column.short is None:
        return column
    header, shorter = column.short
    return replace(column, header=header, cells=[Text(shorter(cell.plain), style=cell.style) for cell in column.cells])


def _cut(column: Column, width: int) -> Column:
    cells = [cell.copy() for cell in column.cells]
    for cell in cells:
        cell.truncate(width, overflow="ellipsis")
    return replace(column, cells=cells)
