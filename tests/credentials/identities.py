"""Certificates to test with."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AT = datetime.datetime(2026, 11, 20, 10, 30, tzinfo=datetime.UTC)


def other_certificate(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str = "Another Provider") -> x509.Certificate:
    """A self-signed certificate for a key, valid from nine days before AT."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(7)
    made = made.not_valid_before(AT - datetime.timedelta(days=9)).not_valid_after(AT + datetime.timedelta(days=999))
    return made.add_extension(usage, critical=True).sign(key, hashes.SHA256())
