"""The HTTP endpoint: every AWS client is pointed here.

In this order: our own ECS and Application Auto Scaling; what moto lacks; what AWS refuses; moto.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from tinystacks.local.call import AwsCall, RefusalError, receive_body, respond, understand
from tinystacks.local.control_api import PREFIX
from tinystacks.local.moto_door import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from tinystacks.local.emulation import Emulation

    Operation = Callable[[AwsCall], Mapping[str, Any]]
    Rule = Callable[[AwsCall, Emulation], None]

_log = logging.getLogger(__name__)

_CHANGED_GROUPS = frozenset({"autoscaling"})


class OwnApis(Protocol):
    """The APIs that the local AWS answers itself."""

    def serves(self, environ: WSGIEnvironment) -> bool:
        """Whether a request is theirs."""
        ...

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer it."""
        ...


class Endpoint:
    """The WSGI application.

    Args:
        own: ECS and Application Auto Scaling.
        moto: everything else.
        emulation: moto's state and its lock.
        operations: what is answered here instead of by moto, by service and operation.
        rules: what comes before an operation, by service and operation: what AWS refuses, and what moto forgot to do.
        observe: told of a region whose Auto Scaling groups may have changed.
        control: answers about the local AWS itself.
    """

    def __init__(
        self,
        *,
        own: OwnApis,
        moto: WSGIApplication,
        emulation: Emulation,
        operations: Mapping[tuple[str, str], Operation],
        rules: Mapping[tuple[str, str], Rule],
        observe: Callable[[str], None],
        control: WSGIApplication,
    ) -> None:
        self._own = own
        self._moto = moto
        self._emulation = emulation
        self._operations = operations
        self._rules = rules
        self._observe = observe
        self._control = control

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if str(environ.get("PATH_INFO")).startswith(PREFIX):
            return self._control(environ, start_response)
        if self._own.serves(environ):
            return self._own(environ, start_response)
        try:
            call = understand(environ)
        except RefusalError as refusal:
            return refuse(environ, refusal, start_response)
        if call is None:
            # A client that is slow to send an object must hold up nobody else.
            receive_body(environ)
        with self._emulation.lock:
            answer = self._answer(call, environ, start_response)
        if call is not None and call.service in _CHANGED_GROUPS and not call.operation.startswith("Describe"):
            self._observe(call.region)
        return answer

    def _answer(self, call: AwsCall | None, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if call is None:
            return list(self._moto(environ, start_response))
        key = (call.service, call.operation)
        try:
            rule = self._rules.get(key)
            if rule is not None:
                rule(call, self._emulation)
            operation = self._operations.get(key)
            if operation is not None:
                return respond(call, operation(call), start_response)
        except RefusalError as refusal:
            _log.info("%s %s refused: %s: %s", call.service, call.operation, refusal.code, refusal.message)
            return respond(call, refusal, start_response)
        except Exception as error:  # noqa: BLE001 - a fault of ours is answered in the service's own protocol, and logged
            _log.exception("%s %s failed", call.service, call.operation)
            refusal = RefusalError("InternalFailure", f"The local AWS failed: {error}", status=500)
            return respond(call, refusal, start_response)
        return list(self._moto(environ, start_response))
