"""Certificates and learner records: right names, right bar, signatures that hold, and nothing valid that should not be."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import pikepdf
import pytest
from conftest import needs, run_command
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coursewright.build.signing import check, sign
from coursewright.plan.certificate import Bar, serial
from coursewright.read.roster import Learner, read_roster

ROSTER = """given_name,family_name,completed_at,score_percent,license_id,license_state,profession,consent_to_report,credential
Zoë,O’Brien-Łukasz,2026-11-20,100,RN1,FL,RN,yes,RN
Jean-Luc,d'Arc,2026-11-20,100,RN2,FL,RN,no,
Ann,Low,2026-11-20,49.9,RN3,FL,RN,yes,
Ann,None,2026-11-20,,RN4,FL,RN,yes,
"""


@pytest.fixture(scope="module")
def made(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "roster.csv").write_text(ROSTER, "utf-8")
    done = run_command("--course", starter, "certify", folder / "roster.csv", "--out", folder / "out", "--key", folder / "key.pem")
    assert done.returncode == 0, done.stderr
    return folder, done.stderr


def test_those_who_passed_get_one_page_each_and_the_others_a_reason(made: tuple[Path, str]) -> None:
    folder, said = made
    files = sorted((folder / "out").glob("*.pdf"))
    assert len(files) == 2
    for file in files:
        with pikepdf.open(file) as pdf:
            assert len(pdf.pages) == 1
    assert "Ann Low gets no certificate" in said and "there is no score" in said


@needs("pdftotext")
def test_a_certificate_of_a_course_without_provider_says_that_it_is_a_sample(made: tuple[Path, str]) -> None:
    for file in (made[0] / "out").glob("*.pdf"):
        text = subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout
        assert "SAMPLE: NOT VALID FOR CREDIT" in text and "not valid for credit" in text


@needs("pdftotext")
def test_names_stand_as_their_owners_write_them(made: tuple[Path, str]) -> None:
    text = "".join(subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout for file in (made[0] / "out").glob("*.pdf"))
    assert "Zoë O’Brien-Łukasz, RN" in text and "Jean-Luc d'Arc" in text


def test_the_code_on_the_page_is_read_by_another_program_and_its_signature_holds(made: tuple[Path, str]) -> None:
    file = next((made[0] / "out").glob("*zoe*.pdf"))
    done = run_command("verify", file)
    assert done.returncode == 1, "a sample is never valid"
    assert "SAMPLE, NOT VALID FOR CREDIT (the signature is good)" in done.stdout and "Zoë O’Brien-Łukasz" in done.stdout


def test_a_certificate_with_provider_number_and_approval_date_is_valid(copy_of_starter: Path, tmp_path: Path) -> None:
    info = copy_of_starter / "course" / "course.yaml"
    info.write_text(re.sub(r"  name:.*\n  number:.*\n  approval_date:.*\n", "  name: A Provider\n  number: P-1\n  approval_date: 2026-01-01\n  statement: Approved word for word.\n", info.read_text("utf-8")), "utf-8")
    (tmp_path / "r.csv").write_text(ROSTER.splitlines()[0] + "\n" + ROSTER.splitlines()[1] + "\n", "utf-8")
    assert run_command("--course", copy_of_starter, "certify", tmp_path / "r.csv", "--out", tmp_path / "out", "--key", tmp_path / "k.pem").returncode == 0
    (file,) = (tmp_path / "out").glob("*.pdf")
    done = run_command("verify", file)
    assert done.returncode == 0 and done.stdout.startswith("VALID\n") and "P-1" in done.stdout
    text = subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout if shutil.which("pdftotext") else "Approved word for word."
    assert "Approved word for word." in text and "SAMPLE" not in text
    other = Ed25519PrivateKey.generate()
    from coursewright.build.signing import public_pem

    (tmp_path / "other.pem").write_bytes(public_pem(other))
    assert run_command("verify", file, "--key", tmp_path / "other.pem").returncode == 1


def test_a_statement_altered_in_any_letter_is_refused() -> None:
    key = Ed25519PrivateKey.generate()
    token = sign(key, {"n": "A. Learner", "h": "2.00", "v": 0})
    assert check(key.public_key(), token) == {"n": "A. Learner", "h": "2.00", "v": 0}
    for n in range(4, len(token)):
        changed = token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :]
        found = check(key.public_key(), changed)
        assert found is None or (n == len(token) - 1 and found["v"] == 0), n  # the last letter of base64 holds unused bits
    assert check(key.public_key(), "CW1.x") is None and check(key.public_key(), "") is None


def test_a_second_run_makes_no_second_number_and_two_people_of_one_name_have_two() -> None:
    import datetime

    day = datetime.date(2026, 11, 20)
    one = Learner(2, "Kim", "Lee", day)
    assert serial("a", one) == serial("a", Learner(9, "Kim", "Lee", day))
    assert serial("a", Learner(2, "Kim", "Lee", day, learner_id="1")) != serial("a", Learner(3, "Kim", "Lee", day, learner_id="2"))
    assert serial("a", one) != serial("b", one)


@pytest.mark.parametrize(("percent", "passes"), [("80", True), ("79.99", False), ("76", False), ("100", True), ("84", True)])
def test_the_bar_is_counted_in_whole_points(percent: str, passes: bool) -> None:
    from decimal import Decimal

    assert Bar(20, 25, Decimal(80)).passes(Decimal(percent)) is passes


def test_a_percentage_of_a_third_is_not_held_against_the_learner() -> None:
    from decimal import Decimal

    assert Bar(2, 3, Decimal(60)).passes(Decimal("66.67")) and Bar(2, 3, Decimal(60)).passes(Decimal("66.66"))
    assert not Bar(2, 3, Decimal(60)).passes(Decimal("33.3"))


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("name,date\nx,2026-01-01\n", "E520", 1),
        ("", "E520", 1),
        ("given_name,family_name,completed_at\nA,B,2026-13-01\n", "E521", 2),
        ("given_name,family_name,completed_at\n,B,2026-01-01\n", "E521", 2),
        ("given_name,family_name,completed_at,score_percent\nA,B,2026-01-01,101\n", "E521", 2),
        ("given_name,family_name,completed_at\nA,B,2026-01-01\nA,B,2026-01-01\n", "W522", 3),
        ('given_name,family_name,completed_at\nA,"B\n,2026-01-01\n', "E520", 1),
        ("given_name,family_name,completed_at\nA,B\x00,2026-01-01\n", "E102", 2),
    ],
)
def test_a_fault_of_a_roster_is_shown_at_its_line(text: str, code: str, line: int) -> None:
    found = read_roster("r.csv", text.encode()).diagnostics
    assert [(d.code, d.span.line) for d in found] == [(code, line)]


def test_a_roster_of_a_spreadsheet_with_semicolons_and_a_byte_order_mark_is_read() -> None:
    roster = read_roster("r.csv", "\ufeffgiven_name;family_name;completed_at;extra\nÅsa;Öberg;2026-01-01;x\n".encode())
    assert [(learner.name, learner.line) for learner in roster.learners] == [("Åsa Öberg", 2)] and roster.diagnostics == []


def records(starter: Path, folder: Path, format_: str) -> list[dict[str, str]]:
    done = run_command("--course", starter, "records", folder / "roster.csv", "--format", format_, "--out", folder / f"{format_}.csv")
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO((folder / f"{format_}.csv").read_text("utf-8-sig"))))


def test_the_neutral_export_has_every_column_and_the_serial_number(starter: Path, made: tuple[Path, str]) -> None:
    rows = records(starter, made[0], "neutral")
    assert [row["family_name"] for row in rows] == ["O’Brien-Łukasz", "d'Arc"]
    assert list(rows[0])[:3] == ["provider_id", "activity_id", "activity_title"] and len(rows[0]) == 22
    assert re.fullmatch(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){2}", rows[0]["credit_id"])


def test_only_those_who_agreed_are_reported_to_ce_broker(starter: Path, made: tuple[Path, str]) -> None:
    rows = records(starter, made[0], "ce-broker")
    assert [row["License number"] for row in rows] == ["RN1"]
    assert rows[0]["Completion date"] == "11/20/2026" and rows[0]["State"] == "State=FL" and rows[0]["Profession"] == "Profession=RN"


def test_a_key_that_others_can_read_is_refused(starter: Path, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(ROSTER, "utf-8")
    (tmp_path / "k.pem").write_text("x", "utf-8")
    (tmp_path / "k.pem").chmod(0o644)
    done = run_command("--course", starter, "certify", tmp_path / "r.csv", "--out", tmp_path / "out", "--key", tmp_path / "k.pem")
    assert done.returncode == 1 and "chmod 600" in done.stderr and not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"%PDF-1.7 broken", b"not a picture", b""])
def test_verifying_something_else_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pdf").write_bytes(content)
    done = run_command("verify", tmp_path / "x.pdf")
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr
