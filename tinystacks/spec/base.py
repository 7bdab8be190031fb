"""What all parts of the file share: frozen, keyword-only, no unknown keys, no silent conversions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

if TYPE_CHECKING:
    _Model = BaseModel
else:

    class _PlainErrors(type(BaseModel)):
        """Turns pydantic's error into `SpecError`, for objects that are made by hand.

        Only a call of the class goes through here; parts inside a larger document are validated with the document, so
        that all its problems are reported together. Type checkers do not see it, so that constructors stay typed.
        """

        def __call__(cls, *args: Any, **values: Any) -> Any:
            try:
                return super().__call__(*args, **values)
            except ValidationError as error:
                from tinystacks.errors import SpecError  # noqa: PLC0415 - only on the way out
                from tinystacks.spec.messages import problems_of  # noqa: PLC0415 - messages.py builds on the models

                raise SpecError(problems_of(error, cls)) from None

    class _Model(BaseModel, metaclass=_PlainErrors):
        """A model whose constructor raises `SpecError`."""


class SpecModel(_Model):
    """Base of every part of the file.

    Objects are frozen and refuse unknown keys, so that a misspelt setting is an error and never silently ignored.
    Values keep their type: `true` is no number and `"256"` is no number either.

    Raises:
        SpecError: a value is missing, unknown, of the wrong type or out of range; carries every problem.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        str_strip_whitespace=True,
    )
