"""YAML text to a tree of nodes with positions, within bounds that no input can break.

PyYAML's parser gives events one by one, so that size, depth and aliases are counted before anything is built: deep
nesting, alias bombs and recursive aliases end in one clear problem. Scalars follow YAML 1.2 (`yes`, `on` and `12:30`
are text), as editors and other readers of today do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from tinystacks.spec.positions import Position

MAX_CHARACTERS = 262_144
MAX_VALUES = 10_000
MAX_DEPTH = 32

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,15}")
_OCTAL = re.compile(r"0o[0-7]{1,20}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
_TAG = "tag:yaml.org,2002:"
_STANDARD_TAGS = frozenset(
    {None, "!"} | {_TAG + kind for kind in ("str", "int", "float", "bool", "null", "map", "seq")}
)
_TEXT_TAGS = frozenset({"!", _TAG + "str"})

_TAB = r"'\t' that cannot start any token"
_PLAIN_WORDS = (
    ("cannot start any token", "this character cannot begin a value; put the text in quotes"),
    ("mapping values are not allowed", "a `:` is not expected here; check the indentation or put the text in quotes"),
    ("could not find expected ':'", "a `:` is missing after a key, or a line is indented wrongly"),
    ("expected <block end>", "the indentation does not match the lines above"),
    ("while scanning a quoted scalar", "a quoted text has no closing quote"),
    ("unexpected end of stream", "the file ends in the middle of a value"),
    ("<stream end>", "the file ends in the middle of a value"),
    ("expected ',' or ']'", "a list in brackets needs `,` between its items and `]` at its end"),
    ("expected ',' or '}'", "a mapping in braces needs `,` between its keys and `}` at its end"),
    ("block scalar", "after `|` or `>` the text begins on the next line"),
    ("scanning an anchor", "a name is missing after `&`; put the text in quotes if it is one"),
    ("scanning an alias", "a name is missing after `*`; put the text in quotes if it is one"),
    ("a tag", "a text that begins with `!` has to be in quotes"),
    ("unknown escape character", "a text in double quotes holds an unknown escape; a backslash is written twice there"),
    ("special characters are not allowed", "the file holds characters that YAML does not allow"),
)


class YamlProblem(Exception):  # noqa: N818 - carries one problem to the reader of the file, which reports it
    """A text is no YAML document of acceptable size.

    Args:
        message: what is wrong.
        position: where.
    """

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(slots=True)
class Node:
    """A scalar, mapping or sequence; `size` and `height` count aliases in full."""

    kind: Literal["scalar", "mapping", "sequence"]
    position: Position
    value: Any = None
    text: str = ""
    pairs: list[tuple[Node, Node]] = field(default_factory=list["tuple[Node, Node]"])
    items: list[Node] = field(default_factory=list["Node"])
    size: int = 1
    height: int = 1
    is_open: bool = False
    waiting_key: Node | None = None


def read_tree(text: str) -> Node | None:
    """Read one YAML document; None when it is empty.

    Raises:
        YamlProblem: no YAML, more than one document, too large, too deep, or made of aliases without end.
    """
    if len(text) > MAX_CHARACTERS:
        raise YamlProblem(f"the file is too large: at most {MAX_CHARACTERS // 1024} KiB can be read", Position(1, 1))
    builder = _TreeBuilder()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _position(mark) if mark else Position(1, 1)
        before = text[: mark.index].rpartition("\n")[2] if mark else ""
        raise YamlProblem(_not_yaml(f"{error.problem or ''}; {error.context or ''}", before), place) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Position(before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise YamlProblem(_not_yaml(str(error)), place) from None
    except (ValueError, OverflowError):  # PyYAML on escapes beyond Unicode, such as "\UFFFFFFFF"
        raise YamlProblem("not YAML: a text holds an escape that stands for no character", Position(1, 1)) from None
    return builder.root


def _not_yaml(text: str, before: str = "") -> str:
    """Say in plain words what the parser found, with `before` on its line."""
    if _TAB in text:
        return f"not YAML: a tab cannot {'stand here; use a space' if before.strip() else 'indent; use spaces'}"
    words = next((words for part, words in _PLAIN_WORDS if part in text), None)
    return f"not YAML: {words or ' '.join(text.splitlines()[0].split())}"


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)


def _scalar(text: str) -> Any:
    """Give the value of a scalar without quotes, after the core schema of YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    if _OCTAL.fullmatch(text):
        return int(text, 8)
    return float(text) if _FLOAT.fullmatch(text) else text


class _TreeBuilder:
    """Builds a tree event by event, without recursion."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._anchors: dict[str, Node] = {}
        self._open: list[Node] = []
        self._seen = 0

    def take(self, event: yaml.Event) -> None:
        position = _position(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise YamlProblem("the file holds a second document (`---`); one file describes one stack", position)
        if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            node = self._open.pop()
            node.is_open = False
            self._add(node)
        elif isinstance(event, yaml.NodeEvent):
            self._seen += 1
            if self._seen > MAX_VALUES:
                raise YamlProblem(f"the file holds too many values: at most {MAX_VALUES}", position)
            if isinstance(event, yaml.AliasEvent):
                self._add(self._target(event, position))
            else:
                self._start(event, position)

    def _target(self, event: yaml.AliasEvent, position: Position) -> Node:
        name = str(event.anchor)
        target = self._anchors.get(name)
        if target is None:
            raise YamlProblem(f"`*{name[:40]}` stands for nothing: no `&{name[:40]}` is before it", position)
        if target.is_open:
            raise YamlProblem(f"`*{name[:40]}` contains itself", position)
        return target

    def _start(self, event: Any, position: Position) -> None:
        if event.tag not in _STANDARD_TAGS:
            raise YamlProblem(f"the tag `{event.tag[:40]}` is not supported; remove it", position)
        if isinstance(event, yaml.ScalarEvent):
            text: str = event.value
            if _UNUSABLE.search(text):
                message = "a text holds a character that cannot be stored (NUL or half of a surrogate pair)"
                raise YamlProblem(message, position)
            plain = event.style is None and event.tag not in _TEXT_TAGS
            node = Node("scalar", position, value=_scalar(text) if plain else text, text=text)
        else:
            node = Node("mapping" if isinstance(event, yaml.MappingStartEvent) else "sequence", position, is_open=True)
        if event.anchor:
            self._anchors[event.anchor] = node
        if node.kind == "scalar":
            self._add(node)
        elif len(self._open) >= MAX_DEPTH:
            raise YamlProblem(f"the file is nested too deeply: at most {MAX_DEPTH} levels", position)
        else:
            self._open.append(node)

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if parent.size > MAX_VALUES:
            message = f"the file holds too many values (aliases counted in full): at most {MAX_VALUES}"
            raise YamlProblem(message, parent.position)
        if len(self._open) + node.height > MAX_DEPTH:
            raise YamlProblem(f"the file is nested too deeply: at most {MAX_DEPTH} levels", node.position)
        if parent.kind == "sequence":
            parent.items.append(node)
        elif parent.waiting_key is None:
            parent.waiting_key = node
        else:
            parent.pairs.append((parent.waiting_key, node))
            parent.waiting_key = None
