"""A certificate authority for one run, and its one certificate, for the name of Google's API host or an address.

Stock clients cannot be pointed to another host. The keys never leave the process; only the authority's certificate is
written to a file, so that clients can trust it.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALIDITY: Final = timedelta(days=2)
_CLOCK_SKEW: Final = timedelta(hours=1)
# From Python 3.13 on an authority that does not say so is refused [source: python-x509-strict].
_MAY_SIGN_CERTIFICATES: Final = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, kw_only=True)
class ServerIdentity:
    """What a TLS server needs, and the authority that its clients must trust, as PEM."""

    private_key: bytes
    certificate: bytes
    authority: bytes


def make_server_identity(host: str, *, now: datetime) -> ServerIdentity:
    """Make an authority and a certificate for one name or address, valid for two days from ``now`` (with a zone)."""
    subject_alternative: x509.GeneralName = x509.DNSName(host)
    with suppress(ValueError):
        subject_alternative = x509.IPAddress(ipaddress.ip_address(host))
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority_name, host_name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("airflow-masq lab authority", host)
    )

    def start_certificate(subject: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority_name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCK_SKEW)
            .not_valid_after(now + _VALIDITY)
        )

    authority = (
        start_certificate(authority_name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_MAY_SIGN_CERTIFICATES, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, SHA256())
    )
    certificate = (
        start_certificate(host_name, key.public_key())
        .add_extension(x509.SubjectAlternativeName([subject_alternative]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, SHA256())
    )
    return ServerIdentity(
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate=certificate.public_bytes(Encoding.PEM),
        authority=authority.public_bytes(Encoding.PEM),
    )
