"""A YAML text as plain data with the position of every key and value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.errors import Problem
from tinystacks.spec.positions import KeyPath, Position, SourceMap, dotted
from tinystacks.spec.yaml_tree import Node, YamlProblem, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Plain data of a file with its positions.

    Attributes:
        data: mappings, lists and scalars; None when there is nothing.
        source: where each key and value stands.
        problems: what kept parts of the text from being read.
    """

    data: Any
    source: SourceMap
    problems: tuple[Problem, ...] = ()


def read_document(text: str, file: str) -> Document:
    """Read one YAML document; never raises, whatever the text.

    Args:
        text: the file's text.
        file: its name, for problems.
    """
    reader = _Reader(file)
    data = None
    try:
        root = read_tree(text)
        if root is not None:
            data = reader.data(root, ())
    except YamlProblem as problem:
        reader.report(problem.message, problem.position)
    source = SourceMap(file=file, keys=reader.keys, values=reader.values, texts=reader.texts)
    return Document(data=data, source=source, problems=tuple(reader.problems))


class _Reader:
    """Turns a tree into plain data; each place where an alias is used gets paths of its own.

    The recursion is bounded by `yaml_tree.MAX_DEPTH`.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[KeyPath, Position] = {}
        self.values: dict[KeyPath, Position] = {}
        self.texts: dict[KeyPath, str] = {}
        self.problems: list[Problem] = []

    def report(self, message: str, position: Position, path: KeyPath = ()) -> None:
        problem = Problem(
            field=dotted(path),
            message=message,
            file=self.file,
            line=position.line,
            column=position.column,
            code="yaml",
        )
        if problem not in self.problems:
            self.problems.append(problem)

    def data(self, node: Node, path: KeyPath) -> Any:
        self.keys.setdefault(path, node.position)
        if node.kind == "mapping":
            return self._mapping(node, path)
        if node.kind == "sequence":
            return [self.data(item, (*path, index)) for index, item in enumerate(node.items)]
        self.values[path] = node.position
        if not isinstance(node.value, str) and node.value is not None:
            self.texts[path] = node.text
        return node.value

    def _mapping(self, node: Node, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in self._pairs(node, path):
            place = (*path, key.text)
            self.keys[place] = key.position
            result[key.text] = self.data(value, place)
        return result

    def _pairs(self, node: Node, path: KeyPath) -> Iterator[tuple[Node, Node]]:
        """Give a mapping's entries, then those that `<<` brings where the mapping itself says nothing."""
        own: dict[str, Node] = {}
        for key, value in node.pairs:
            if key.kind != "scalar":
                self.report("a key must be text", key.position, path)
            elif key.text == "<<":
                continue
            elif key.text in own:
                first = own[key.text].position.line
                self.report(
                    f"the key is given twice (first in line {first}); keep one", key.position, (*path, key.text)
                )
            else:
                own[key.text] = key
                yield key, value
        for key, value in self._merged(node, path):
            if key.text not in own:
                own[key.text] = key
                yield key, value

    def _merged(self, node: Node, path: KeyPath) -> Iterator[tuple[Node, Node]]:
        for key, value in node.pairs:
            if key.kind != "scalar" or key.text != "<<":
                continue
            for source in value.items if value.kind == "sequence" else [value]:
                if source.kind == "mapping":
                    yield from self._pairs(source, path)
                else:
                    self.report("`<<` takes a mapping or a list of mappings", source.position, path)
