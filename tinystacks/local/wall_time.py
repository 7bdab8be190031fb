"""ECS and Application Auto Scaling in real time: what the control plane dates by its fast clock is told in the user's.

At speed 20 the simulated clock is three hours ahead after ten minutes. Whoever compares `createdAt` with a real clock,
or with the log lines and datapoints, which carry real time, would read nonsense; so every timestamp of a response is
translated at the border, and every timestamp of a request the other way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import ListShape, MapShape, Shape, StructureShape

    from tinystacks.local.clock import SpeededClock


class Api(Protocol):
    """An API of the local AWS's own."""

    @property
    def target_prefix(self) -> str:
        """The part of `X-Amz-Target` before the dot."""
        ...

    @property
    def internal_error(self) -> str:
        """The code that says the service itself failed."""
        ...

    def handle(self, operation: str, region: str, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation."""
        ...


class WallTimeApi:
    """An API whose timestamps are real time.

    Args:
        api: the API, which speaks simulated time.
        service: botocore's name of it.
        clock: relation of the two times.
    """

    def __init__(self, api: Api, service: str, clock: SpeededClock) -> None:
        from moto.core.utils import get_service_model  # noqa: PLC0415 - moto takes seconds to load

        self._api = api
        self._model = get_service_model(service)
        self._clock = clock

    @property
    def target_prefix(self) -> str:
        """The part of `X-Amz-Target` before the dot."""
        return self._api.target_prefix

    @property
    def internal_error(self) -> str:
        """The code that says the service itself failed."""
        return self._api.internal_error

    def handle(self, operation: str, region: str, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation; what is wrong with the request is the API's to say."""
        if operation not in self._model.operation_names:
            return self._api.handle(operation, region, body)
        shapes = self._model.operation_model(operation)
        asked = translated(shapes.input_shape, body, self._clock.at_wall)
        answer = self._api.handle(operation, region, asked)
        return translated(shapes.output_shape, answer, self._clock.to_wall)


def translated(shape: Shape | None, value: Any, change: Callable[[float], float]) -> Any:
    """Copy a document with every timestamp changed.

    Args:
        shape: of the document; None leaves it as it is.
        value: the document, right or wrong.
        change: what to do with seconds since the epoch.
    """
    if shape is None:
        return value
    match shape.type_name, value:
        case "timestamp", int() | float():
            return change(float(value))
        case "structure", dict():
            members = cast("StructureShape", shape).members
            fields = cast("dict[str, Any]", value)
            return {name: translated(members.get(name), item, change) for name, item in fields.items()}
        case "list", list():
            member = cast("ListShape", shape).member
            return [translated(member, item, change) for item in cast("list[Any]", value)]
        case "map", dict():
            member = cast("MapShape", shape).value
            return {name: translated(member, item, change) for name, item in cast("dict[str, Any]", value).items()}
        case _:
            return value
