"""boto3-like clients that answer from a table and count their calls."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, EndpointConnectionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def refusal(code: str, operation: str, message: str = "no") -> ClientError:
    """AWS's refusal of a call."""
    details: Any = {"Error": {"Code": code, "Message": message}}
    return ClientError(details, operation)


def unreachable() -> EndpointConnectionError:
    """A network that is gone."""
    return EndpointConnectionError(endpoint_url="https://ecs.eu-west-1.amazonaws.com")


@dataclass
class AnsweringClient:
    """Answers each operation with a document, with what a function makes of the arguments, or with an error.

    An operation that is not in the table gives an answer without any field.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        if operation.startswith("_"):
            raise AttributeError(operation)

        def call(**arguments: Any) -> dict[str, Any]:
            self.calls[operation] += 1
            self.asked.append({"operation": operation, **arguments})
            answer: Any = self.answers.get(operation, {})
            if isinstance(answer, Exception):
                raise answer
            document: Any = answer(**arguments) if callable(answer) else answer
            return document

        return call

    def get_paginator(self, operation: str) -> _Pages:
        return _Pages(self, operation)


@dataclass
class _Pages:
    client: AnsweringClient
    operation: str

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        yield getattr(self.client, self.operation)(**arguments)


@dataclass
class AwsClients:
    """Gives clients by service; those that are not named answer nothing."""

    named: dict[str, Any] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)

    def __call__(self, service: str) -> Any:
        self.made[service] += 1
        return self.named.setdefault(service, AnsweringClient())
