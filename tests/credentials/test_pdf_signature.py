"""Signed documents, judged by programs that nobody here wrote: pdfsig (poppler, NSS) and qpdf.

PDF/UA-1 was judged by hand with veraPDF (../shared/tools/judges/pdf_ua.sh): a certificate passes before and after signing.
"""

from __future__ import annotations

import datetime
import subprocess
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
import weasyprint
from conftest import needs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from identities import AT, other_certificate

from coursewright.build.pdf_signature import IDENTITY, Identity, PdfFault, check_pdf, load_or_make_identity, load_pkcs12, sign_pdf
from coursewright.build.signing import KeyFault

PAGE = '<html lang="en"><title>Certificate</title><h1>Certificate</h1><p>Zoë O’Brien-Łukasz completed the course.</p>'


@pytest.fixture(scope="module")
def page() -> bytes:
    return bytes(weasyprint.HTML(string=PAGE).write_pdf(pdf_variant="pdf/ua-1"))


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return Identity(*made_once(tmp_path_factory.mktemp("keys")))


def made_once(folder: Path) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    found = load_or_make_identity(folder / "deep", "A Provider, Łódź")
    assert isinstance(found.key, rsa.RSAPrivateKey)
    # its certificate begins on the day of the test run; signatures of these tests are of a fixed day
    return other_certificate(found.key, "A Provider, Łódź"), found.key


@pytest.fixture(scope="module")
def signed(page: bytes, identity: Identity) -> bytes:
    return sign_pdf(page, identity, name="A Provider", reason="Certificate of completion", at=AT)


def judged(data: bytes, folder: Path) -> str:
    (folder / "x.pdf").write_bytes(data)
    return subprocess.run(["pdfsig", "-nocert", folder / "x.pdf"], capture_output=True, text=True, check=False, env={"TZ": "UTC", "PATH": "/usr/bin:/bin", "HOME": str(folder)}).stdout


@needs("pdfsig")
def test_another_program_finds_the_signature_valid_and_the_whole_document_signed(signed: bytes, tmp_path: Path) -> None:
    said = judged(signed, tmp_path)
    assert "Signature is Valid" in said and "Total document signed" in said
    assert "ETSI.CAdES.detached" in said and "SHA-256" in said and "A Provider, Łódź" in said
    assert "Nov 20 2026 10:30:00" in said, "the moment is the one that the caller gave"


@needs("qpdf")
def test_the_signed_file_is_sound_pdf(signed: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(signed)
    done = subprocess.run(["qpdf", "--check", tmp_path / "x.pdf"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "No syntax or stream encoding errors" in done.stdout


@needs("pdfsig")
def test_one_changed_byte_anywhere_breaks_it_for_both_judges(signed: bytes, page: bytes, identity: Identity, tmp_path: Path) -> None:
    assert check_pdf(signed, identity.certificate)
    for at in (20, len(page) // 3, len(page) // 2, len(page) - 9, len(page) + 60):
        changed = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
        assert not check_pdf(changed, identity.certificate), at
        assert "Signature is Valid" not in judged(changed, tmp_path), at


def test_what_is_added_after_signing_is_not_covered_and_so_refused(signed: bytes, identity: Identity) -> None:
    assert not check_pdf(signed + b"\n% more", identity.certificate)


def test_the_page_is_left_as_it_was_and_its_tags_stay_whole(signed: bytes, page: bytes, tmp_path: Path) -> None:
    assert signed.startswith(page), "an incremental update"
    (tmp_path / "x.pdf").write_bytes(signed)
    with pikepdf.open(tmp_path / "x.pdf") as pdf:
        assert pdf.Root.MarkInfo.Marked and "/StructTreeRoot" in pdf.Root
        assert b"pdfuaid" in bytes(pdf.Root.Metadata.read_bytes())
        assert pdf.pages[0].Tabs == "/S", "PDF/UA asks it of a page with annotations"
        (field,) = pdf.Root.AcroForm.Fields
        assert int(field.F) & 2, "an annotation outside the tags is hidden"
        assert pdf.Root.Perms.DocMDP.Reference[0].TransformParams.P == 1, "certified: no changes"


def test_a_document_is_not_taken_for_one_of_another_provider(signed: bytes, page: bytes, identity: Identity) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    assert not check_pdf(signed, other_certificate(key))
    assert not check_pdf(signed, other_certificate(identity.key, "The same key, another name"))
    assert not check_pdf(page, identity.certificate), "not signed at all"


def test_a_signature_outside_the_days_of_the_certificate_does_not_count(page: bytes, identity: Identity) -> None:
    late = sign_pdf(page, identity, name="A", reason="B", at=AT + datetime.timedelta(days=2000))
    assert not check_pdf(late, identity.certificate)


def test_an_identity_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = load_or_make_identity(tmp_path / "new", "A Provider"), load_or_make_identity(tmp_path / "new", "Renamed")
    assert first.certificate == second.certificate and first.certificate.public_key() == second.key.public_key()
    assert (tmp_path / "new" / IDENTITY).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == [IDENTITY], "nothing half-made is left behind"
    assert b"PRIVATE" not in first.certificate_pem


def test_a_document_signed_today_with_a_fresh_identity_is_good(page: bytes, tmp_path: Path) -> None:
    fresh = load_or_make_identity(tmp_path, "A " + "very long " * 20 + "name")
    assert check_pdf(sign_pdf(page, fresh, name="A", reason="B", at=datetime.datetime.now(datetime.UTC)), fresh.certificate)


def test_an_identity_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load_or_make_identity(tmp_path, "A Provider")
    (tmp_path / IDENTITY).chmod(0o640)
    with pytest.raises(KeyFault, match="chmod 600"):
        load_or_make_identity(tmp_path, "A Provider")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_damaged_identity_is_named_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / IDENTITY).write_bytes(content)
    (tmp_path / IDENTITY).chmod(0o600)
    with pytest.raises(KeyFault, match=IDENTITY):
        load_or_make_identity(tmp_path, "A Provider")
    assert (tmp_path / IDENTITY).read_bytes() == content


@needs("pdfsig")
def test_a_providers_own_certificate_signs_as_well(page: bytes, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "own.p12"
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"own", key, other_certificate(key), None, BestAvailableEncryption(b"pass")))
    path.chmod(0o600)
    own = load_pkcs12(path, "pass")
    made = sign_pdf(page, own, name="Another Provider", reason="B", at=AT)
    assert check_pdf(made, own.certificate) and "Signature is Valid" in judged(made, tmp_path)
    with pytest.raises(KeyFault, match="passphrase"):
        load_pkcs12(path, "wrong")
    path.chmod(0o644)
    with pytest.raises(KeyFault, match="chmod 600"):
        load_pkcs12(path, "pass")


def test_a_key_too_weak_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    for number, key in enumerate((ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 1024))):
        path = tmp_path / f"{number}.p12"
        path.write_bytes(pkcs12.serialize_key_and_certificates(b"x", key, other_certificate(key), None, BestAvailableEncryption(b"pass")))
        path.chmod(0o600)
        with pytest.raises(KeyFault, match="key"):
            load_pkcs12(path, "pass")


def test_what_cannot_be_signed_is_said_in_words(signed: bytes, page: bytes, identity: Identity, tmp_path: Path) -> None:
    with pikepdf.open(BytesIO(page)) as pdf:
        pdf.save(tmp_path / "locked.pdf", encryption=pikepdf.Encryption(owner="o", user="u"))
    for data, words in ((b"", "not a PDF"), (b"%PDF-1.7 broken", "not a PDF"), (signed, "signed already"), ((tmp_path / "locked.pdf").read_bytes(), "encrypted")):
        with pytest.raises(PdfFault, match=words):
            sign_pdf(data, identity, name="A", reason="B", at=AT)
        assert data is signed or not check_pdf(data, identity.certificate)
    with pytest.raises(ValueError, match="time zone"):
        sign_pdf(page, identity, name="A", reason="B", at=datetime.datetime(2026, 11, 20))
