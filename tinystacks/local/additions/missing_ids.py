"""What EC2 says of ids that lead nowhere, where moto says it in other words.

Source: EC2 API reference, errors-overview (InvalidVpcID.NotFound, InvalidGroup.NotFound,
InvalidInternetGatewayID.NotFound); texts as users of AWS report them.
"""

from __future__ import annotations

from typing import Any


def install() -> None:
    """Make moto tell them in AWS's words, in this process."""
    from moto.ec2 import exceptions  # noqa: PLC0415 - moto takes seconds to load

    _tell(exceptions, "InvalidVPCIdError", "InvalidVpcID.NotFound", "vpc ID", "vpc IDs")
    _tell(
        exceptions,
        "InvalidInternetGatewayIdError",
        "InvalidInternetGatewayID.NotFound",
        "internetGateway ID",
        "internetGateway IDs",
    )
    _tell(exceptions, "InvalidSecurityGroupNotFoundError", "InvalidGroup.NotFound", "security group", "security groups")


def _tell(exceptions: Any, name: str, code: str, one: str, several: str) -> None:
    def __init__(error: Any, missing: str | set[str] | list[str]) -> None:  # noqa: N807 - it takes moto's place
        ids = [missing] if isinstance(missing, str) else sorted(missing)
        said = f"{one if len(ids) == 1 else several} '{', '.join(ids)}' {'does' if len(ids) == 1 else 'do'} not exist"
        exceptions.EC2ClientError.__init__(error, code, f"The {said}")

    getattr(exceptions, name).__init__ = __init__
