"""One AWS service's model: its operations, and its requests and responses checked against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import botocore.loaders
from botocore.model import ServiceModel

from tinystacks.local.json_api.errors import ApiError
from tinystacks.local.json_api.shapes import Finding, Kind, Rules, check

if TYPE_CHECKING:
    from collections.abc import Callable


class Service:
    """A service as botocore's own model describes it.

    Args:
        name: botocore's name, such as `ecs`.
        refusal: makes the service's error out of what was found wrong in a request's values; it gets the operation's
            name and at least one finding, none of them of `Kind.TYPE`.
        rules: what the service asks of requests beyond its model.
    """

    def __init__(
        self, name: str, *, refusal: Callable[[str, list[Finding]], ApiError], rules: Rules | None = None
    ) -> None:
        document = botocore.loaders.Loader().load_service_model(name, "service-2")
        self._model = ServiceModel(cast("dict[str, Any]", document), name)
        self._refusal = refusal
        self._rules = rules or Rules()
        self.operations = frozenset(self._model.operation_names)

    @property
    def target_prefix(self) -> str:
        """The part of `X-Amz-Target` before the dot."""
        return str(self._model.metadata["targetPrefix"])

    def request(self, operation: str, body: object) -> dict[str, Any]:
        """Check a request.

        Args:
            operation: name as in the API reference.
            body: the decoded JSON body.

        Returns:
            The request without null members.

        Raises:
            ApiError: `UnknownOperationException`, `SerializationException` for a wrong JSON type, else the service's
                own refusal.
        """
        if operation not in self.operations:
            raise ApiError("UnknownOperationException", "")
        shape = self._model.operation_model(operation).input_shape
        if shape is None:
            return {}
        value, findings = check(shape, body, self._rules)
        for finding in findings:
            if finding.kind is Kind.TYPE:
                raise ApiError("SerializationException", finding.detail)
        if findings:
            raise self._refusal(operation, findings)
        return cast("dict[str, Any]", value)

    def response_findings(self, operation: str, body: object) -> list[Finding]:
        """Return what in a response does not fit the operation's output shape; the tests hold this to be nothing."""
        shape = self._model.operation_model(operation).output_shape
        return check(shape, body)[1] if shape is not None else []

    def error_codes(self, operation: str) -> frozenset[str]:
        """Return the codes of the errors that the model lists for the operation."""
        shapes = self._model.operation_model(operation).error_shapes
        return frozenset(str(shape.name) for shape in shapes)


def detached(value: Any) -> Any:
    """Copy what an answer shares with live objects, so that it can be sent after their lock is released."""
    if isinstance(value, dict):
        return {name: detached(item) for name, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [detached(item) for item in cast("list[Any]", value)]
    return value
