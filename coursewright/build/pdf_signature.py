"""Signed PDFs: the provider's certificate and key, and a signature that covers a document to its last byte.

A signature is PAdES baseline B-B, invisible, and certifies the document: nothing may be changed afterwards. It is an
incremental update, so the page, its tags and its PDF/UA stay as they were. The certificate is self-signed unless the
provider brings one (PKCS #12); who has it, or trusts its issuer, can check a document without a network.
"""

from __future__ import annotations

import asyncio
import datetime
import os
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key, pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.keys.pemder import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import InvisSigSettings, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from coursewright.build.signing import KeyFault

IDENTITY = "identity.pem"  # the key and its certificate, in one file so that neither is ever there alone
FIELD = "Signature"
YEARS = 10
LONGEST_NAME = 64  # characters of an organization in a certificate (RFC 5280, ub-organization-name)
BITS = 3072


class PdfFault(Exception):
    """A document cannot be signed: what is wrong, in words."""


@dataclass(frozen=True)
class Identity:
    """Who signs: a certificate, its private key, and the certificates between it and a trusted one, if any."""

    certificate: x509.Certificate
    key: RSAPrivateKey | EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def certificate_pem(self) -> bytes:
        """The certificate alone, for those who check documents."""
        return self.certificate.public_bytes(Encoding.PEM)


def load_or_make_identity(folder: Path, organization: str) -> Identity:
    """The identity that `folder` holds; made with a self-signed certificate for `organization` where there is none.

    An identity stays as it is when the organization's name changes: old documents must go on being checked with it.
    Its file is readable by its owner alone, and refused where others can read it. Raises KeyFault, OSError.
    """
    path = folder / IDENTITY
    if not path.exists():
        _lay_down(path, _new_identity(organization))
    if path.stat().st_mode & 0o077:
        raise KeyFault(f"{path} can be read by others; make it yours alone: chmod 600 {path}")
    data = path.read_bytes()
    try:
        key, certificates = load_pem_private_key(data, None), x509.load_pem_x509_certificates(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFault(f"{path} does not hold a private key and its certificate in PEM") from None
    return _identity(str(path), key, certificates[0], tuple(certificates[1:]))


def load_pkcs12(path: Path, passphrase: str | None) -> Identity:
    """The identity of a PKCS #12 file (.p12, .pfx), as certificate authorities hand them out. Raises KeyFault, OSError."""
    if path.stat().st_mode & 0o077:
        raise KeyFault(f"{path} can be read by others; make it yours alone: chmod 600 {path}")
    try:
        found = pkcs12.load_pkcs12(path.read_bytes(), None if passphrase is None else passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFault(f"{path} is not a PKCS #12 file, or the passphrase is not its own") from None
    if found.key is None or found.cert is None:
        raise KeyFault(f"{path} lacks the {'private key' if found.key is None else 'certificate'}")
    return _identity(str(path), found.key, found.cert.certificate, tuple(other.certificate for other in found.additional_certs))


def sign_pdf(data: bytes, identity: Identity, *, name: str, reason: str, at: datetime.datetime) -> bytes:
    """The document with an invisible signature that certifies it. `at` is the moment of signing, with its time zone.

    Raises PdfFault where the data is no PDF, is encrypted or is signed already; ValueError for a moment without a zone.
    """
    if at.tzinfo is None:
        raise ValueError("the moment of signing needs a time zone")
    try:
        writer = IncrementalPdfFileWriter(BytesIO(data))
        if writer.prev.encrypted:
            raise PdfFault("this PDF is encrypted: sign it before it is encrypted")
        if writer.prev.embedded_signatures:
            raise PdfFault("this PDF is signed already")
        _order_tabs(writer)
        return asyncio.run(_signed(writer, _signer(identity, name, reason), at))
    except SigningError as fault:
        raise PdfFault(f"this PDF cannot be signed: {fault}") from None
    except (PdfError, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as fault:
        raise PdfFault(f"this is not a PDF that can be read: {fault}") from None


def check_pdf(data: bytes, certificate: x509.Certificate) -> bool:
    """Whether the key of `certificate` signed exactly this document, to its last byte, while the certificate was valid.

    The moment is the one that the signature claims: no outside clock vouches for it.
    """
    try:
        found = PdfFileReader(BytesIO(data)).embedded_signatures
        if len(found) != 1 or found[0].signer_cert.dump() != certificate.public_bytes(Encoding.DER):
            return False
        moment = found[0].self_reported_timestamp
        # a certificate that is trusted as it is has its days checked by nobody else
        if moment is None or not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
            return False
        (trusted,) = load_certs_from_pemder_data(certificate.public_bytes(Encoding.DER))
        context = ValidationContext(trust_roots=[trusted], moment=moment, best_signature_time=moment, allow_fetching=False)
        status = validate_pdf_signature(found[0], context)
    except (PdfError, SignatureValidationError, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return False
    return bool(status.bottom_line and status.coverage == SignatureCoverageLevel.ENTIRE_FILE)


def _identity(where: str, key: object, certificate: x509.Certificate, chain: tuple[x509.Certificate, ...]) -> Identity:
    """The identity, if its key is of a kind that signs documents and badges, and the certificate is this key's own."""
    if not isinstance(key, RSAPrivateKey) and not (isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)):
        raise KeyFault(f"{where}: the key must be RSA, or ECDSA on the curve P-256")
    if isinstance(key, RSAPrivateKey) and key.key_size < 2048:
        raise KeyFault(f"{where}: an RSA key needs 2048 bits or more, and this one has {key.key_size}")
    if certificate.public_key() != key.public_key():
        raise KeyFault(f"{where}: the certificate belongs to another key")
    return Identity(certificate, key, chain)


def _new_identity(organization: str) -> Identity:
    named = " ".join(organization.split())[:LONGEST_NAME].strip()
    if not named:
        raise KeyFault("a certificate needs the name of the organization that signs")
    key = generate_private_key(public_exponent=65537, key_size=BITS)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, named), x509.NameAttribute(NameOID.COMMON_NAME, named)])
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # the clocks of those who check may be behind
        .not_valid_after(now + datetime.timedelta(days=round(YEARS * 365.25)))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Identity(certificate, key)


def _lay_down(path: Path, identity: Identity) -> None:
    """Write the identity whole, unless another process was first: then its identity stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-") as file:  # made with mode 0600
        file.write(_private_pem(identity.key) + identity.certificate_pem)
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except FileExistsError:
            return


def _private_pem(key: RSAPrivateKey | EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _signer(identity: Identity, name: str, reason: str) -> PdfSigner:
    (certificate,) = load_certs_from_pemder_data(identity.certificate.public_bytes(Encoding.DER))
    others = SimpleCertificateStore()
    for other in identity.chain:
        others.register_multiple(load_certs_from_pemder_data(other.public_bytes(Encoding.DER)))
    key = load_private_key_from_pemder_data(_private_pem(identity.key), None)
    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        name=name,
        reason=reason,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    # PDF/UA-1 asks that an annotation outside the tags be hidden
    field = SigFieldSpec(FIELD, readable_field_name=name, invis_sig_settings=InvisSigSettings(set_print_flag=False, set_hidden_flag=True))
    return PdfSigner(metadata, SimpleSigner(certificate, key, others), new_field_spec=field)


def _order_tabs(writer: IncrementalPdfFileWriter) -> None:
    """The field stands on the first page: PDF/UA-1 asks that a page with annotations be walked in the order of its tags."""
    page = writer.prev.root["/Pages"]
    while "/Kids" in page:
        page = page["/Kids"][0]
    if page.get("/Tabs") != "/S":
        page["/Tabs"] = pdf_name("/S")
        writer.update_container(page)


async def _signed(writer: IncrementalPdfFileWriter, signer: PdfSigner, at: datetime.datetime) -> bytes:
    session = signer.init_signing_session(writer)
    session.system_time = at
    reserved = await session.estimate_signature_container_size(None)
    document = session.prepare_tbs_document(validation_info=None, bytes_reserved=reserved)
    prepared, output = document.digest_tbs_document()
    # PAdES keeps the moment in the signature's dictionary, and forbids it among the signed attributes
    done = await document.perform_signature(prepared.document_digest, PdfCMSSignedAttributes())
    await done.post_signature_processing(output)
    return bytes(output.getvalue())
