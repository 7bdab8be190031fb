"""Certificates of the real account: a file that names one can be rehearsed without having it here.

A listener takes any well-formed ACM ARN of its own region; what moto's ACM holds is marked as in use, as ever.
Source: Elastic Load Balancing API reference, CreateListener (`CertificateNotFound`).
"""

from __future__ import annotations

import re
from typing import Any

_ARN = re.compile(r"^arn:aws[a-z-]*:acm:(?P<region>[a-z0-9-]+):\d{12}:certificate/[0-9a-zA-Z-]+$")


def install() -> None:
    """Let moto's load balancers take certificates that only the real account has, in this process."""
    from moto.elb.exceptions import CertificateNotFoundException  # noqa: PLC0415 - moto takes seconds to load
    from moto.elbv2 import models  # noqa: PLC0415 - as above

    seam: Any = models
    known: Any = seam.register_certificate

    def register(account_id: str, region: str, arn_certificate: str, arn_user: str) -> None:
        try:
            known(account_id, region, arn_certificate, arn_user)
        except CertificateNotFoundException:
            named = _ARN.match(arn_certificate)
            if named is None or named["region"] != region:
                raise

    seam.register_certificate = register
