"""`aws:iam/getPolicyDocument:getPolicyDocument`: a policy written as arguments, made JSON without any call.

Form and merging: https://www.pulumi.com/registry/packages/aws/api-docs/iam/getpolicydocument/.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any, Final

from tinystacks.local.provider.invocation import InvokeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tinystacks.local.provider.invocation import Invocation

DEFAULT_VERSION: Final = "2012-10-17"
OLD_VERSION: Final = "2008-10-17"
ARGUMENTS: Final = (
    *("version", "policyId", "sourcePolicyDocuments", "overridePolicyDocuments", "sourceJson", "overrideJson"),
    "statements",
)
LISTS: Final = {
    "Action": "actions",
    "NotAction": "notActions",
    "Resource": "resources",
    "NotResource": "notResources",
}
GO_ESCAPES: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
"""What Go's JSON encoder escapes inside texts."""


def policy_document(invocation: Invocation) -> dict[str, Any]:
    """The document, indented and compact."""
    args = invocation.args
    for old, new in {"sourceJson": "sourcePolicyDocuments", "overrideJson": "overridePolicyDocuments"}.items():
        if args.get(old):
            raise InvokeError(f"invoking {invocation.token}: {old} is not supported; use {new}")
    version = args.get("version") or DEFAULT_VERSION
    sources: list[str] = args.get("sourcePolicyDocuments") or []
    overrides: list[str] = args.get("overridePolicyDocuments") or []
    entries: list[dict[str, Any]] = args.get("statements") or []
    document: dict[str, Any] = {"Version": version}
    statements: list[dict[str, Any]] = []
    for text in sources:
        source = _parsed(invocation, text)
        if source.get("Id"):
            document["Id"] = source["Id"]
        _merge(invocation, statements, _statements(source), unique=True)
    own = [_statement(entry, version) for entry in entries]
    _refuse_twins(invocation, own)
    _merge(invocation, statements, own)
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    for text in overrides:
        override = _parsed(invocation, text)
        if override.get("Id"):
            document["Id"] = override["Id"]
        _merge(invocation, statements, _statements(override))
    ordered = {key: document[key] for key in ("Version", "Id") if key in document}
    if statements:
        ordered["Statement"] = statements
    text = _go_json(ordered, indent=2)
    return {
        **args,
        "version": version,
        "json": text,
        "minifiedJson": _go_json(ordered),
        "id": str(zlib.crc32(text.encode())),
    }


def _statement(entry: Mapping[str, Any], version: str) -> dict[str, Any]:
    statement: dict[str, Any] = {}
    if entry.get("sid"):
        statement["Sid"] = entry["sid"]
    statement["Effect"] = entry.get("effect") or "Allow"
    for key, name in LISTS.items():
        values: list[str] = entry.get(name) or []
        if values:
            texts = [_interpolated(value, version) for value in values] if "Resource" in key else values
            statement[key] = _one_or_descending(texts)
    for key, name in {"Principal": "principals", "NotPrincipal": "notPrincipals"}.items():
        if entry.get(name):
            statement[key] = _principals(entry[name], version)
    if entry.get("conditions"):
        statement["Condition"] = _conditions(entry["conditions"], version)
    return statement


def _principals(entries: Iterable[Mapping[str, Any]], version: str) -> Any:
    merged: dict[str, list[str]] = {}
    for entry in entries:
        identifiers = [_interpolated(identifier, version) for identifier in entry["identifiers"]]
        if entry["type"] == "*" and identifiers == ["*"]:
            return "*"
        merged.setdefault(entry["type"], []).extend(identifiers)
    return {kind: _one_or_descending(identifiers) for kind, identifiers in sorted(merged.items())}


def _conditions(entries: Iterable[Mapping[str, Any]], version: str) -> dict[str, Any]:
    merged: dict[str, dict[str, list[str]]] = {}
    for entry in entries:
        values = merged.setdefault(entry["test"], {}).setdefault(entry["variable"], [])
        values.extend(_interpolated(value, version) for value in entry["values"])
    return {
        test: {name: values[0] if len(values) == 1 else values for name, values in sorted(variables.items())}
        for test, variables in sorted(merged.items())
    }


def _interpolated(text: str, version: str) -> str:
    """`&{aws:username}` stands for IAM's own `${aws:username}`."""
    if "&{" in text and version == OLD_VERSION:
        raise InvokeError(f"found &{{ sequence in ({text}), which is not supported in document version {OLD_VERSION}")
    return text.replace("&{", "${")


def _one_or_descending(values: list[str]) -> str | list[str]:
    unique = sorted(set(values), reverse=True)
    return unique[0] if len(unique) == 1 else unique


def _parsed(invocation: Invocation, text: str) -> dict[str, Any]:
    try:
        return json.loads(text) if text else {}
    except ValueError as error:
        raise InvokeError(f"invoking {invocation.token}: a policy document is no JSON: {error}") from error


def _statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] | dict[str, Any] = document.get("Statement") or []
    return found if isinstance(found, list) else [found]


def _refuse_twins(invocation: Invocation, statements: Iterable[Mapping[str, Any]]) -> None:
    seen: set[str] = set()
    for statement in statements:
        sid = statement.get("Sid")
        if sid and sid in seen:
            raise InvokeError(
                f"invoking {invocation.token}: duplicate Sid ({sid}). Remove the Sid or ensure it is unique."
            )
        seen.add(sid or "")


def _merge(
    invocation: Invocation,
    statements: list[dict[str, Any]],
    others: Iterable[dict[str, Any]],
    *,
    unique: bool = False,
) -> None:
    """Put statements behind the others; one with the Sid of an earlier one takes its place."""
    for other in others:
        sid = other.get("Sid")
        index = next((i for i, known in enumerate(statements) if sid and known.get("Sid") == sid), None)
        if index is None:
            statements.append(other)
        elif unique:
            raise InvokeError(f"invoking {invocation.token}: duplicate Sid ({sid}) in source policy documents")
        else:
            statements[index] = other


def _go_json(document: Any, indent: int | None = None) -> str:
    text = json.dumps(document, indent=indent, ensure_ascii=False, separators=(",", ": " if indent else ":"))
    return "".join(GO_ESCAPES.get(character, character) for character in text)
