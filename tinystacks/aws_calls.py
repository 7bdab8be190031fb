"""boto3 calls with errors in this package's words, and lists read to their end."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tinystacks.errors import AwsError, CredentialsError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_NOT_KNOWN = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "AuthFailure",
        "SignatureDoesNotMatch",
    }
)
_THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Codes after which botocore itself has waited and tried again several times (botocore guide, "Retries")."""
_FAULT = 500
_LACKING = "Repeat the command in a minute; where this stays so, look at what stands between this machine and AWS."
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


class LackingAnswerError(KeyError):
    """An answer of AWS lacks what such an answer always has; within `aws_errors` an `AwsError`."""


@contextmanager
def aws_errors(service: str, subject: str = "") -> Generator[None]:
    """Turn botocore's errors into `AwsError` or `CredentialsError`, and a field that an answer lacks into `AwsError`.

    A field without which nothing can be told is read by `answer["field"]` in here, any other by `answer.get("field")`.
    Only a key that is a field in the service's own API is told so: any other `KeyError` is a fault of this program.

    Args:
        service: name as in boto3, such as `ecs`.
        subject: what was read or changed, in words of the file.

    Raises:
        CredentialsError: there are none, or AWS does not take them.
        AwsError: anything else that AWS or the network refused, or an answer that lacks a field.
    """
    from botocore import exceptions  # noqa: PLC0415 - botocore takes 0.2 s to load; only reads pay for it
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - as above

    about = f"{subject}: " if subject else ""
    try:
        yield
    except exceptions.ClientError as error:
        raise _client_error(error, service, about) from error
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise CredentialsError(
            f"{about}no AWS credentials were found",
            hint="Sign in (`aws sso login` or `aws configure`), name a profile with --profile, or try with --local.",
        ) from error
    except (exceptions.ProfileNotFound, exceptions.NoRegionError) as error:
        raise CredentialsError(
            f"{about}{error}", hint="Name them with --profile and --region, or in the file."
        ) from error
    except (exceptions.ConfigParseError, exceptions.ConfigNotFound) as error:
        raise CredentialsError(
            f"{about}{error}",
            hint="Correct that file, or name another one in AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE.",
        ) from error
    except (exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.UnauthorizedSSOTokenError) as error:
        raise CredentialsError(
            f"{about}{error}", hint="The session has ended: `aws sso login`, then try again."
        ) from error
    except ResponseParserError as error:
        message = f"{about}{service} gave an answer that cannot be read: {error}"
        raise AwsError(message, service=service, hint=_LACKING, passes=True) from error
    except KeyError as error:
        if not (isinstance(error, LackingAnswerError) or _is_field(service, error.args[:1])):
            raise
        message = f"{about}an answer of {service} lacks {error}"
        raise AwsError(message, service=service, hint=_LACKING, passes=True) from error
    except exceptions.BotoCoreError as error:
        raise _without_answer(error, service, about) from error


def _is_field(service: str, key: tuple[object, ...]) -> bool:
    """Whether a key is the name of a field in the API of a service, after botocore's model of it."""
    from botocore.exceptions import UnknownServiceError  # noqa: PLC0415 - as above
    from botocore.loaders import Loader  # noqa: PLC0415 - as above

    try:
        model: Any = Loader().load_service_model(service, "service-2")
    except UnknownServiceError:
        return False
    return any(key == (field,) for shape in model["shapes"].values() for field in shape.get("members", ()))


def _without_answer(error: Exception, service: str, about: str) -> AwsError | CredentialsError:
    from botocore import exceptions  # noqa: PLC0415 - as above

    if isinstance(error, _of_credentials(exceptions)):
        return CredentialsError(
            f"{about}the AWS credentials cannot be had: {error}",
            hint="Correct the profile in the AWS settings (`aws configure list` shows what is read), or name another "
            "one with --profile.",
        )
    if isinstance(error, _of_network(exceptions)):
        return AwsError(
            f"{about}{service} could not be reached: {error}",
            service=service,
            hint="Look at the network, then repeat the command; it changes nothing twice.",
            passes=True,
        )
    return AwsError(
        f"{about}{service} was not asked: {error}",
        service=service,
        hint="Look at what was given, and at the AWS settings (`aws configure list`).",
    )


def _of_credentials(exceptions: Any) -> tuple[type[Exception], ...]:
    """What says that the set-up of a profile is broken, or that what it names gave no credentials."""
    return (
        exceptions.InvalidConfigError,
        exceptions.CredentialRetrievalError,
        exceptions.UnknownCredentialError,
        exceptions.RefreshWithMFAUnsupportedError,
        exceptions.MetadataRetrievalError,
        exceptions.MissingDependencyException,
        exceptions.NoAuthTokenError,
    )


def _of_network(exceptions: Any) -> tuple[type[Exception], ...]:
    """What the way to AWS does to a call, and an answer that came damaged."""
    return (
        exceptions.ConnectionError,
        exceptions.HTTPClientError,
        exceptions.IncompleteReadError,
        exceptions.ChecksumError,
        exceptions.FlexibleChecksumError,
    )


def _client_error(error: Any, service: str, about: str) -> AwsError | CredentialsError:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "Unknown")), str(details.get("Message", error))
    if code in _EXPIRED:
        return CredentialsError(f"{about}the AWS session has expired", hint="Sign in again, then repeat the command.")
    if code in _NOT_KNOWN:
        return CredentialsError(f"{about}AWS does not take these credentials: {message}", hint="Check --profile.")
    operation = error.operation_name
    hint = (
        f"Mend what the refusal names, then repeat the command. AWS's API reference of {service} explains {code} under "
        f"{operation}."
    )
    fault = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _FAULT
    if code in _DENIED:
        hint = f"The signed-in identity needs the right {service}:{error.operation_name}."
    elif code in _THROTTLED:
        hint = "AWS limits the rate of calls, and waiting did not help. Repeat the command in a minute."
    elif fault:
        hint = "AWS has a fault, and trying again did not help. Repeat the command in a minute."
    return AwsError(
        f"{about}{service} refused {error.operation_name}: {code}: {message}",
        service=service,
        operation=error.operation_name,
        code=code,
        hint=hint,
        passes=fault or code in _THROTTLED,
    )


def read_all(client: Any, operation: str, key: str, *, always: bool = False, **arguments: Any) -> list[Any]:
    """Read a list operation to its end through boto3's own paginator.

    Args:
        client: boto3 client.
        operation: method name, such as `list_tasks`.
        key: key of the list in each page.
        always: whether the service gives the list when it is empty, too, as ECS does and those that answer in XML do
            not; a page without it then is no answer of that service, such as the page of a proxy.
        arguments: the operation's own.

    Raises:
        LackingAnswerError: a page lacks the list that is always there; within `aws_errors` an `AwsError`.
    """
    found: list[Any] = []
    for page in client.get_paginator(operation).paginate(**arguments):
        if always and key not in page:
            raise LackingAnswerError(key)
        found.extend(page.get(key, []))
    return found


def batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    """Cut a list into pieces that one call takes."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
