"""The packet for printing: only what its manifest lists, only for staff; and rosters that `forms` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from coursewright.read.roster import read_roster
from coursewright.serve.library import Library

from .ground import Browser, Service, library_of, make_service
from .test_results import coordinator


@pytest.fixture
def printed(tmp_path: Path) -> Iterator[Service]:
    """A service whose course has a packet beside it."""
    dist = tmp_path / "root" / "dist"
    (dist / "quizzes").mkdir(parents=True)
    (dist / "quizzes" / "test.pdf").write_bytes(b"%PDF-1.7 questions")
    (dist / "quizzes" / "key.pdf").write_bytes(b"%PDF-1.7 keys")
    (dist / "private.txt").write_text("not listed")
    (tmp_path / "root" / "secret").write_text("outside")
    (dist / "link.pdf").symlink_to(tmp_path / "root" / "secret")
    library = library_of()

    def entry(path: str, audience: str) -> dict[str, object]:
        return {"path": path, "size": 1_400_000, "pages": 12, "title": "Post-test", "group": "Quizzes", "audience": audience, "paper": "A4", "note": "", "preview": ""}

    files = [entry("quizzes/test.pdf", "learner"), entry("quizzes/key.pdf", "educator"), entry("link.pdf", "learner"), entry("../secret", "learner")]
    (dist / "manifest.json").write_text(json.dumps({"course": library.course.info.id, "files": files, "inputs": {}}))
    made = make_service(tmp_path, library=_rooted(library, tmp_path / "root"))
    yield made
    made.database.close()


def _rooted(library: Library, root: Path) -> Library:
    return replace(library, root=root)


def staff(service: Service) -> Browser:
    return service.browser(service.person("administrator"))


def test_files_of_learners_and_educators_stand_apart_and_are_downloaded(printed: Service) -> None:
    browser = staff(printed)
    page = browser.get("/manage/packets").get_data(as_text=True)
    assert page.index("For learners") < page.index("quizzes/test.pdf") < page.index("For educators") < page.index("quizzes/key.pdf")
    assert "1.4 MB" in page
    answer = browser.get("/manage/packets/files/quizzes/key.pdf")
    assert answer.data == b"%PDF-1.7 keys"
    assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("name", ["private.txt", "link.pdf", "../secret", "%2e%2e/secret", "quizzes/../private.txt", "/etc/passwd", "manifest.json", "quizzes", "quizzes%5ckey.pdf", "quizzes/key.pdf%00"])
def test_no_other_file_is_to_be_had(printed: Service, name: str) -> None:
    answer = staff(printed).get(f"/manage/packets/files/{name}")
    assert answer.status_code in (404, 308)
    assert b"outside" not in answer.data


def test_learners_get_no_file_not_even_their_own(printed: Service) -> None:
    browser = printed.browser(printed.person())
    assert browser.get("/manage/packets/files/quizzes/test.pdf").status_code == 404
    assert browser.get("/manage/packets/files/quizzes/key.pdf").status_code == 404


@pytest.mark.parametrize("manifest", ["", "{}", "[]", '{"course": "another", "files": []}', '{"course": 1, "files": [1]}', "\ud7ff"])
def test_a_manifest_that_makes_no_sense_is_as_if_none_was_built(printed: Service, manifest: str) -> None:
    (printed.library.root / "dist" / "manifest.json").write_text(manifest)
    browser = staff(printed)
    assert "No packet was built" in browser.get("/manage/packets").get_data(as_text=True)
    assert browser.get("/manage/packets/files/quizzes/key.pdf").status_code == 404


def test_the_roster_of_a_cohort_is_read_by_forms_as_it_stands(service: Service) -> None:
    mine, other = service.cohort("Ward 3; “March”"), service.cohort("Other")
    service.person(cohort=mine, given_name="Zoë", family_name="Ångström", learner_id="A1", extra_minutes=10, extra_percent=25, email="z@example.org", roster={"large_print": True, "seat": "4", "profession": "RN", "consent_to_report": True})
    service.person(cohort=mine, given_name="=cmd()", family_name="B", learner_id="A2")
    browser = service.browser(coordinator(service, mine))
    answer = browser.get(f"/manage/packets/rosters/{mine}.csv")
    roster = read_roster("r.csv", answer.data, ("given_name", "family_name"))
    assert not roster.diagnostics
    two, one = sorted(roster.learners, key=lambda learner: learner.learner_id, reverse=True)
    assert (one.name, one.learner_id, one.extra_minutes, one.extra_percent, one.large_print, one.seat, one.consent_to_report, one.email) == ("Zoë Ångström", "A1", 10, 25, True, "4", True, "z@example.org")
    assert "'=cmd()" in answer.get_data(as_text=True)
    assert two.given_name == "=cmd()"
    assert browser.get(f"/manage/packets/rosters/{other}.csv").status_code == 404
    page = browser.get("/manage/packets").get_data(as_text=True)
    assert "python build.py forms posttest --roster roster-ward_3_march.csv --out forms/posttest-ward_3_march" in page
