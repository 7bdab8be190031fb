"""Self-signed certificates for HTTPS listeners: the real ones' keys never leave AWS."""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

_DAYS = 365
_KEPT_NAMES = 64


class Certificates:
    """TLS contexts of this process, one per name that clients ask for."""

    def __init__(self) -> None:
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context(self, name: str = "localhost") -> ssl.SSLContext:
        """The context for a server name; a client that names another gets that one's."""
        known = self._contexts.get(name)
        if known is not None:
            return known
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.set_alpn_protocols(["http/1.1"])
        _load(made, name)
        made.sni_callback = self._named
        if len(self._contexts) < _KEPT_NAMES:
            self._contexts[name] = made
        return made

    def _named(self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        # A name that no certificate can have keeps the default one.
        with contextlib.suppress(ValueError):
            if name:
                connection.context = self.context(name.lower())


def _load(context: ssl.SSLContext, name: str) -> None:
    """Give a context a new certificate; Python takes one from a file only."""
    key, certificate = _self_signed(name)
    handle, path = tempfile.mkstemp(prefix="tinystacks-", suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(key + certificate)
        context.load_cert_chain(path)
    finally:
        Path(path).unlink()


def _self_signed(name: str) -> tuple[bytes, bytes]:
    import ipaddress  # noqa: PLC0415 - beside its use

    from cryptography import x509  # noqa: PLC0415 - only where a client speaks TLS
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - as above
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 - as above

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    names: list[x509.GeneralName] = [x509.DNSName(one) for one in dict.fromkeys((name, "localhost"))]
    names += [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    begin = datetime.now(UTC) - timedelta(minutes=5)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret, certificate.public_bytes(serialization.Encoding.PEM)
