"""Telling one AWS error from another."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from tinystacks.local.provider.handler import CreatedButFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


def error_code(error: BaseException) -> str:
    """AWS's error code, such as `DependencyViolation`; empty for anything that is no answer of AWS."""
    return _part(error, "Code")


def error_message(error: BaseException) -> str:
    """AWS's own text; empty for anything that is no answer of AWS."""
    return _part(error, "Message")


def is_error(error: BaseException, *codes: str, text: str = "") -> bool:
    """Whether `error` is AWS's answer with one of `codes`, and `text` stands in its message."""
    return error_code(error) in codes and text in error_message(error)


def passing(*codes: str, text: str = "") -> Callable[[Exception], bool]:
    """The test `is_error` with fixed codes, as `tried_until` wants it."""
    return lambda error: is_error(error, *codes, text=text)


@contextmanager
def ignoring(*codes: str, text: str = "") -> Generator[None]:
    """Take AWS errors with one of `codes` for success, as deletions of what is gone already do."""
    try:
        yield
    except ClientError as error:
        if not is_error(error, *codes, text=text):
            raise


@contextmanager
def after_creation(resource_id: str) -> Generator[None]:
    """Let what fails after a create call leave the resource in the state, as half made, instead of orphaning it."""
    try:
        yield
    except CreatedButFailedError:
        raise
    except Exception as error:
        raise CreatedButFailedError(resource_id, str(error)) from error


def _part(error: BaseException, name: str) -> str:
    if not isinstance(error, ClientError):
        return ""
    response = cast("dict[str, Any]", error.response)
    return str(response.get("Error", {}).get(name, ""))
