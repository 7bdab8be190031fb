"""AssociateKmsKey and DisassociateKmsKey of log groups, which moto lacks.

A key need not be known here: like a certificate, it may be one of the real account. Source: CloudWatch Logs API
reference, AssociateKmsKey and DisassociateKmsKey (`logGroupName` or `resourceIdentifier`, never both;
ResourceNotFoundException, InvalidParameterException). Keys of query results are not kept here.
"""

from __future__ import annotations

import re
from typing import Any, cast

_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/[A-Za-z0-9/_-]+")
_GROUP = re.compile(r"arn:aws[a-z-]*:logs:[a-z0-9-]+:\d{12}:log-group:([^:*]+)")


def install() -> None:
    """Give moto the two operations, in this process."""
    from moto.logs.exceptions import InvalidParameterException  # noqa: PLC0415 - moto takes seconds to load
    from moto.logs.responses import LogsResponse  # noqa: PLC0415 - as above

    def associate_kms_key(self: Any) -> str:
        group, key = _group_of(self), str(self._get_param("kmsKeyId") or "")
        if not _KEY.fullmatch(key):
            raise InvalidParameterException(f"The specified KMS key is not valid: {key}")
        group.kms_key_id = key
        return ""

    def disassociate_kms_key(self: Any) -> str:
        _group_of(self).kms_key_id = None
        return ""

    responses = cast("Any", LogsResponse)
    responses.associate_kms_key = associate_kms_key
    responses.disassociate_kms_key = disassociate_kms_key


def _group_of(response: Any) -> Any:
    from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException  # noqa: PLC0415 - as above

    name, identifier = response._get_param("logGroupName"), response._get_param("resourceIdentifier")  # noqa: SLF001
    if bool(name) == bool(identifier):
        raise InvalidParameterException("Specify either logGroupName or resourceIdentifier, but not both.")
    if identifier:
        named = _GROUP.fullmatch(identifier)
        name = named[1] if named else ""
    group = response.logs_backend.groups.get(name)
    if group is None:
        raise ResourceNotFoundException
    return group
