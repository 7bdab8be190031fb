"""The sentences under each field of the models, for the JSON Schema and the reference.

They are read from the source only when asked for, since pydantic's own way reads every source file at import.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from typing import TYPE_CHECKING

from tinystacks.spec.base import SpecModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType


def field_sentences(model: type[SpecModel]) -> dict[str, str]:
    """Give the docstring of every field of a model, those of its bases included."""
    sentences: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, SpecModel) and base is not SpecModel:
            sentences |= _sentences_of(inspect.getmodule(base)).get(base.__name__, {})
    return {name: sentences[name] for name in model.model_fields}


@cache
def _sentences_of(module: ModuleType | None) -> Mapping[str, dict[str, str]]:
    if module is None:
        return {}
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = _class_sentences(node)
    return found


def _class_sentences(node: ast.ClassDef) -> dict[str, str]:
    sentences: dict[str, str] = {}
    for statement, following in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            sentences[statement.target.id] = " ".join(str(following.value.value).split())
    return sentences
