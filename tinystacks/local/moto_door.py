"""The way into moto: what names no service or operation is refused as AWS does, where moto would fall over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.local.call import RefusalError, refusal_text, scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_FORM = "application/x-www-form-urlencoded"
_VERSIONED_TARGETS = {"dynamodb": "DynamoDB"}
"""Services whose target moto's dispatcher reads, by what it begins with."""
_TARGETED = frozenset({"acm", "dynamodb", "ecr", "events", "kms", "logs", "secretsmanager", "ssm", "tagging"})
"""Services that speak AWS JSON alone: nothing but the target says what is asked of them."""


class _NoServiceError(Exception):
    """moto has no such service."""


class MotoDoor:
    """moto as a WSGI application that answers wrong requests with 4xx.

    Args:
        make_app: makes moto's application of one service, by moto's name of it.
    """

    def __init__(self, make_app: Callable[..., WSGIApplication]) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication  # noqa: PLC0415 - seconds to load

        def make(service: str | None) -> WSGIApplication:
            if service is None:
                raise _NoServiceError
            return make_app(service)

        self._dispatcher: WSGIApplication = DomainDispatcherApplication(make)  # pyright: ignore[reportAttributeAccessIssue, reportArgumentType] - it calls whatever application it is given

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request.

        An operation that does not exist is `UnknownOperationException` in the JSON protocols and `InvalidAction` in the
        query protocols; a signature for a service that does not exist is a wrong one.

        Source: "Common error types" in the API references of ECS and EC2.
        """
        from botocore.model import OperationNotFoundError  # noqa: PLC0415 - loaded with moto

        service, target = scope(environ)[0], str(environ.get("HTTP_X_AMZ_TARGET") or "")
        is_query = is_form(environ)
        unknown = "InvalidAction" if is_query else "UnknownOperationException"
        is_known = target.startswith(_VERSIONED_TARGETS.get(service, ""))
        if not is_known or (service in _TARGETED and not target and not is_query):
            return refuse(environ, RefusalError(unknown, f"Could not find operation {target}."), start_response)
        try:
            return list(self._dispatcher(environ, start_response))
        except OperationNotFoundError as error:
            refusal = RefusalError(unknown, f"Could not find operation {error}.")
        except NotImplementedError as error:
            refusal = RefusalError(unknown, f"The local AWS does not offer it: {error}")
        except _NoServiceError:
            text = f"Credential should be scoped to a service that the local AWS offers, not to '{service}'."
            code, status = ("SignatureDoesNotMatch", 403) if is_query else ("InvalidSignatureException", 400)
            refusal = RefusalError(code, text, status=status)
        return refuse(environ, refusal, start_response)


def is_form(environ: WSGIEnvironment) -> bool:
    """Tell whether a request speaks one of the query protocols; the others are answered in JSON."""
    return not environ.get("HTTP_X_AMZ_TARGET") and str(environ.get("CONTENT_TYPE") or "").startswith(_FORM)


def refuse(environ: WSGIEnvironment, refusal: RefusalError, start_response: StartResponse) -> list[bytes]:
    """Answer a request whose operation is not known with a refusal, in the protocol that it seems to speak."""
    content_type, text = refusal_text(refusal, service=scope(environ)[0], is_json=not is_form(environ))
    data = text.encode()
    start_response(f"{refusal.status} Refused", [("Content-Type", content_type), ("Content-Length", str(len(data)))])
    return [data]
