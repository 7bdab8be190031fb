"""What all parts of the file share: frozen, keyword-only, no unknown keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class SpecModel(BaseModel):
    """Base of every part of the file.

    Objects are frozen and refuse unknown keys, so that a misspelt setting is an error and never silently ignored.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        str_strip_whitespace=True,
        use_attribute_docstrings=True,
        validate_default=True,
    )
