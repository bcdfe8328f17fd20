"""What `analyze` says to an educator, and the files that it leaves."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from io import BytesIO, StringIO
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from conftest import run_command
from gradebooks import alternatives, binary_book, book, choice_item, item, of_every_kind, realistic, record, shares_book

from coursewright.build.administration import SITTINGS, add_adjustment, save_record, save_sittings
from coursewright.model.interaction import Choice, ChoiceKey, PanelKey
from coursewright.plan.analysis import Analysis, analyze
from coursewright.plan.findings import CHECK, KNOW, LOOK, Finding, find, flagged, percent, span, two
from coursewright.plan.gradebook import Adjustment, Gradebook, Sitting
from coursewright.plan.statistics import Estimate, Undefined
from coursewright.write.analysis import tables
from coursewright.write.analysis_charts import plots


def findings(analysis: Analysis, kind: str) -> list[Finding]:
    return [finding for finding in find(analysis) if finding.kind == kind]


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(data.decode("utf-8-sig"))))


def lay_down(folder: Path, made: Gradebook, course: str) -> Path:
    save_record(folder, replace(made.record, course=course))
    save_sittings(folder, tuple(graded.sitting for graded in made.graded))
    for adjustment in made.adjustments:
        add_adjustment(folder, adjustment)
    return folder


# ---- what is said --------------------------------------------------------------------------------------------------


def test_a_wrong_key_is_found_and_told_in_words_with_what_to_do() -> None:
    (finding,) = findings(analyze([realistic(64)]), "key suspect")
    assert finding.level == CHECK and finding.item == "q-07"
    assert re.fullmatch(r"option B drew more of the top group than the key D \(\d+% against \d+% of the best 17\): check the key\.", finding.text)
    assert "Ask a subject expert" in finding.advice


def test_in_a_small_group_a_suspect_key_is_a_question() -> None:
    (finding,) = findings(analyze([realistic(12)]), "key suspect")
    assert finding.level == LOOK and "With 12 learners this may be chance." in finding.text


def test_without_a_wrong_key_none_is_suspected() -> None:
    assert not findings(analyze([realistic(200, wrong_key=False)]), "key suspect")


def test_a_panels_favorite_that_the_best_do_not_share_is_told_as_the_panels() -> None:
    three = item("q-panel", Choice(alternatives("Less", "Same", "More"), ordered=True), PanelKey((("a", Fraction(1)), ("b", Fraction(1, 2)))))
    made = record([three, *(choice_item(f"q-{n}") for n in range(4))])
    (form,) = made.forms
    sittings = [Sitting(form, {"q-panel": frozenset("b" if n > 5 else "a"), **{f"q-{m}": frozenset("a" if n > 2 * m else "b") for m in range(4)}}, learner_id=str(n)) for n in range(12)]
    (finding,) = findings(analyze([book(made, sittings)]), "key suspect")
    assert "option B drew more of the top group than the panel’s favorite A" in finding.text


def test_marks_of_the_best_against_the_key_are_found_where_several_are_right_too() -> None:
    several = item("q-several", Choice(alternatives("One", "Two", "Three"), multiple=True), ChoiceKey(frozenset("ab"), "plus-minus"))
    made = record([several, *(choice_item(f"q-{n}") for n in range(4))])
    (form,) = made.forms
    sittings = [Sitting(form, {"q-several": frozenset("abc" if n > 5 else "ab"), **{f"q-{m}": frozenset("a" if n > 2 * m else "b") for m in range(4)}}, learner_id=str(n)) for n in range(12)]
    assert "more than half of the top group marked what the key calls wrong: C (100%)" in findings(analyze([book(made, sittings)]), "key suspect")[0].text


def staircase(last: Sequence[int]) -> list[list[int]]:
    """Learners of rising skill on eight items, and a ninth as given."""
    return [[int(n * 8 >= j * len(last)) for j in range(8)] + [right] for n, right in enumerate(last)]


def test_negative_discrimination_is_told_apart_from_chance() -> None:
    sure = shares_book([[Fraction(right) for right in row] for row in staircase([1] * 20 + [0] * 20)])  # no options: no key to suspect
    assert [(f.number, f.level) for f in findings(analyze([sure]), "negative discrimination")] == [(9, CHECK)]
    unsure = shares_book([[Fraction(right) for right in row] for row in staircase([1, 1, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1])])
    mixed = findings(analyze([unsure]), "negative discrimination")
    assert [(f.number, f.level) for f in mixed] == [(9, LOOK)]
    assert "it may be chance" in mixed[0].text


def test_high_p_after_teaching_is_called_success_and_judged_on_the_pre_test() -> None:
    easy = [[1, 1, 1, int(n % 3 > 0)] for n in range(12)]
    (finding,) = findings(analyze([binary_book(easy)]), "high p")
    assert finding.level == KNOW and "After teaching that is success, not a flaw" in finding.advice
    before = binary_book([[1, 0, 0, 0]] * 12, name="before")
    known = findings(analyze([binary_book(easy)], before), "known before")
    assert [f.number for f in known] == [1]


def test_an_item_that_fewer_have_right_after_teaching_is_to_be_checked() -> None:
    before = binary_book([[1, int(n % 2)] for n in range(20)], name="before")
    after = binary_book([[int(n > 16), 1] for n in range(20)])
    (finding,) = findings(analyze([after], before), "loss")
    assert finding.number == 1 and finding.level == CHECK


def test_distractors_that_nobody_chooses_are_named_where_enough_were_wrong_to_tell() -> None:
    (finding,) = findings(analyze([realistic(100, items=3)]), "idle distractors")
    assert re.search(r"1 D", finding.text)  # the key of q-01 is b; d is chosen by hardly anybody
    assert not findings(analyze([realistic(20, items=3)]), "idle distractors")


def test_a_short_mastery_test_is_told_what_to_report_instead_of_kr20() -> None:
    (finding,) = findings(analyze([binary_book(staircase([1, 0] * 15))]), "which reliability")
    assert finding.text.startswith("KR-20 (") and "Livingston’s k²" in finding.advice and "decision consistency" in finding.advice


@pytest.mark.parametrize(("learners", "kind"), [(9, "few learners"), (64, "number of learners"), (120, "")])
def test_groups_below_30_and_below_100_are_told_so(learners: int, kind: str) -> None:
    kinds = {f.kind for f in find(analyze([realistic(learners)]))} & {"few learners", "number of learners"}
    assert kinds == ({kind} if kind else set())


def test_nothing_prints_a_minus_before_nothing() -> None:
    assert [two(x) for x in (-0.0, -0.001, -0.004999, Fraction(-1, 1000), -0.01, None)] == ["0.00", "0.00", "0.00", "0.00", "−0.01", "–"]
    assert percent(-0.001) == "0%" and span(Estimate(-0.001, -0.002, 0.5)) == "0.00 (0.00 to 0.50)" and span(Undefined("why")) == "–"


# ---- what is counted -----------------------------------------------------------------------------------------------


def test_sittings_that_wait_are_left_out_and_counted() -> None:
    made = binary_book([[1, 0], [0, 1], [1, 1]])
    waiting = replace(made.graded[0].sitting, pending=("page 2 is missing",))
    analysis = analyze([book(made.record, [waiting, *(g.sitting for g in made.graded[1:])])])
    assert (analysis.n, analysis.pending, analysis.items[0].n) == (2, 1, 2)


def test_withdrawn_items_are_left_out_and_named_and_another_key_counts() -> None:
    made = binary_book([[1, 0, 1], [0, 1, 1], [1, 1, 0]])
    decided = (Adjustment("q-02", "withdraw", "ambiguous", "A. Chair", "2026-05-05"), Adjustment("q-03", "rekey", "b is right", "A. Chair", "2026-05-05", ChoiceKey(frozenset("b"))))
    analysis = analyze([book(made.record, [g.sitting for g in made.graded], adjustments=decided)])
    assert [i.item.id for i in analysis.items] == ["q-01", "q-03"]
    assert [i.number for i in analysis.items] == [1, 3]  # as on the form
    assert [(d.item, d.action) for d in analysis.decided] == [("q-02", "withdraw"), ("q-03", "rekey")]
    assert analysis.items[1].answer == "B" and analysis.items[1].p == analyze([binary_book([[0], [0], [1]])]).items[0].p


def test_a_decision_taken_back_is_not_named() -> None:
    made = binary_book([[1, 0], [0, 1]])
    log = tuple(Adjustment("q-02", action, "", "", "2026-05-05") for action in ("withdraw", "restore"))
    assert not analyze([book(made.record, [g.sitting for g in made.graded], adjustments=log)]).decided


def test_with_different_forms_items_use_all_who_met_them_and_tests_those_who_met_the_same() -> None:
    bank = [choice_item(f"q-{n}") for n in range(4)]
    made = record(bank[:3], bank[1:], [bank[2], bank[0], bank[1]], [bank[0], bank[3]])
    sittings = [
        Sitting(f"posttest-{form}", {f"q-{m}": frozenset("a" if (n + m) % 3 else "b") for m in range(4)}, learner_id=str(n))
        for n, form in enumerate((1, 1, 1, 2, 2, 2, 2, 3, 3, 4))
    ]
    analysis = analyze([book(made, sittings)])
    assert {i.item.id: i.n for i in analysis.items} == {"q-0": 6, "q-1": 9, "q-2": 9, "q-3": 5}
    assert [(test.n, test.k) for test in analysis.tests] == [(5, 3), (4, 3)]  # forms 1 and 3 hold the same items
    assert analysis.alone == 1 and analysis.several_forms
    assert "Learners met different items".casefold() in findings(analysis, "several forms")[0].text.casefold()


def test_an_item_alone_on_its_form_has_no_rest_to_compare_with() -> None:
    (only,) = analyze([binary_book([[1], [0], [1]])]).items
    assert isinstance(only.r, Undefined) and "no other items" in only.r.reason


def test_the_history_tells_versions_and_administrations_apart() -> None:
    analysis = analyze([realistic(30, 1, name="spring"), realistic(40, 2, name="autumn", stems={"q-03": "Reworded: what about q-03?"})])
    seen = [(s.administration, s.n) for s in analysis.history if s.item == "q-03"]
    assert sorted(seen) == [("autumn", 40), ("spring", 30)]
    assert set(analysis.changed) == {"q-03"}
    assert sorted(i.n for i in analysis.items if i.item.id == "q-03") == [30, 40]
    assert next(i.n for i in analysis.items if i.item.id == "q-04") == 70
    assert len({i.number for i in analysis.items}) == len(analysis.items)
    assert [f.item for f in findings(analysis, "changed wording")] == ["q-03"]


def test_learners_are_paired_by_who_they_are_and_the_others_are_named() -> None:
    before = binary_book([[0, 0, 0, 1]] * 3, name="before", ids=["a", "b", "only-before"])
    after = binary_book([[1, 1, 0, 1], [1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0]], ids=["b", "a", "only-after", "a"])
    gains = analyze([after], before).gains
    assert gains is not None
    assert [(pair.name, pair.pre, pair.post) for pair in gains.pairs] == [("b", 25, 75), ("a", 25, 100)]
    assert (gains.unpaired_pre, gains.unpaired_post, gains.repeated) == (("only-before",), ("only-after",), 1)
    assert isinstance(gains.group_gain, Estimate) and gains.group_gain.value == Fraction(5, 6)


def test_learners_without_a_name_are_paired_with_nobody() -> None:
    made = binary_book([[1, 0], [0, 1]])
    nameless = book(made.record, [replace(g.sitting, learner_id="") for g in made.graded])
    analysis = analyze([nameless], nameless)
    assert analysis.gains is not None and not analysis.gains.pairs and len(analysis.gains.unpaired_post) == 2
    assert analysis.repeated == 0


def test_results_taken_from_elsewhere_count_for_items_and_not_for_options() -> None:
    analysis = analyze([shares_book([[Fraction(1), Fraction(0)], [Fraction(0), Fraction(1)], [Fraction(1), Fraction(1)]])])
    assert analysis.items[0].n == 3 and analysis.items[0].unknown == 3 and not analysis.items[0].options


def test_every_kind_of_item_is_analyzed() -> None:
    analysis = analyze([realistic(60, items=1)])
    kinds = {i.item.id: i for i in analysis.items}
    assert set(kinds) == {"q-01", *(i.id for i in of_every_kind())}
    assert [o.credit for o in kinds["q-panel"].options] == [1, Fraction(1, 2), 0]
    assert kinds["q-best"].several and kinds["q-best"].blank
    assert {text.split(":")[0] for text, _ in kinds["q-match"].wrong} <= {"Prompt one", "Prompt two"}
    assert kinds["q-number"].wrong and kinds["q-text"].wrong and kinds["q-order"].wrong


def test_tables_hold_the_numbers_and_say_what_is_not_defined() -> None:
    made = tables(analyze([binary_book([[1, 1, 0], [1, 0, 1], [1, 1, 1], [1, 0, 0]])], binary_book([[0, 1, 1]], name="before", ids=["L001"])))
    assert set(made) == {"items.csv", "history.csv", "gains.csv"}
    first, second = rows(made["items.csv"])[:2]
    assert (first["p"], first["p_pretest"], first["r_rest"]) == ("1.0000", "0.0000", "")
    assert "r_rest: every learner earned the same on it" in first["not_defined"]
    assert (second["n"], second["p"], second["options"]) == ("4", "0.5000", "A* 2; B 2; C 0; D 0")
    assert [row["administration"] for row in rows(made["history.csv"]) if row["item"] == "q-01"] == ["before", "spring"]
    gains = rows(made["gains.csv"])
    assert (gains[0]["name"], gains[0]["pre_percent"], gains[0]["not_defined"]) == ("L001", "66.6667", "")
    assert [row["not_defined"] for row in gains[1:]] == ["no pre-test"] * 3


def test_options_are_plotted_for_flagged_items_alone() -> None:
    analysis = analyze([realistic(64)])
    drawn = plots(analysis, flagged(find(analysis)))
    assert {"scores", "items"} < set(drawn) and len(drawn) < 8
    assert "B 0" not in drawn["options-7"].alt and "(key)" in drawn["options-7"].alt
    assert all(plot.alt.endswith(".") and plot.caption for plot in drawn.values())


# ---- files and command -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def analyzed(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A report on two administrations and a pre-test, with all that can happen in it; and what the command said."""
    folder = tmp_path_factory.mktemp("administrations")
    spring = realistic(40, 1)
    waiting = replace(spring.graded[3].sitting, pending=("page 2 is missing",))
    hostile = replace(spring.graded[4].sitting, given_name="<script>alert(1)</script>", learner_id="", family_name="=1+1")
    decided = (Adjustment("q-09", "withdraw", "two options were <right>", "R. Meyer", "2026-05-10T10:00:00"),)
    spring = book(spring.record, [*(g.sitting for g in spring.graded[:3]), waiting, hostile, *(g.sitting for g in spring.graded[5:])], "spring", decided)
    one = lay_down(folder / "spring", spring, "handwashing")
    two_ = lay_down(folder / "autumn", realistic(20, 2, name="autumn", stems={"q-03": "Reworded: q-03?"}, prefix="A"), "handwashing")
    before = lay_down(folder / "before", realistic(30, 3, name="before", teach=-0.6), "handwashing")
    done = run_command("--course", starter, "analyze", one, two_, "--pre", before, "--out", folder / "out", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    return folder / "out", done.stdout


def test_the_command_says_the_gist(analyzed: tuple[Path, str]) -> None:
    _, said = analyzed
    assert "59 learners" in said and "1 pending, left out" in said
    assert re.search(r"check first: item \d+ \(q-07\): option B drew more of the top group than the key D", said)
    assert "paired, gain" in said and "analysis.pdf" in said and "not for learners" in said


def test_the_pdf_is_tagged_and_says_that_it_holds_keys(analyzed: tuple[Path, str]) -> None:
    data = (analyzed[0] / "analysis.pdf").read_bytes()
    with pikepdf.open(BytesIO(data)) as pdf:
        assert "/StructTreeRoot" in pdf.Root and "Item analysis".casefold() in str(pdf.docinfo.get("/Title", "")).casefold()
        assert "pdfuaid" in pdf.Root.Metadata.read_bytes().decode()
    document = pypdfium2.PdfDocument(data)
    text = " ".join(document[n].get_textpage().get_text_range() for n in range(len(document)))
    text = " ".join(text.split())
    for words in ("Contains keys: not for learners.", "check the key", "After teaching that is success, not a flaw", "was withdrawn", "Unpaired", "(changed)"):
        assert words in text, words
    assert not re.search(r"(?<![a-z])nan(?![a-z])|-0\.00|−0\.00|p ?[<=] ?0\.0[0-9]*\b.*signific", text)


def test_the_page_is_one_file_that_asks_for_nothing_and_runs_nothing(analyzed: tuple[Path, str]) -> None:
    page = (analyzed[0] / "analysis.html").read_text("utf-8")
    assert 'http-equiv="Content-Security-Policy"' in page and "default-src 'none'" in page
    body = re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert not re.search(r'(?:src|href)="(?!data:|#)', body) and "http" not in re.sub(r"http-equiv", "", body)
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page and "&lt;right&gt;" in page
    assert page.count('role="img"') >= 6 and "<h1>Post-test</h1>" in page
    assert "nan" not in re.findall(r">\s*(nan|-0\.00|−0\.00)\s*<", page)


def test_a_second_run_gives_the_same_bytes(analyzed: tuple[Path, str], starter: Path, tmp_path: Path) -> None:
    folder = analyzed[0].parent
    done = run_command("--course", starter, "analyze", folder / "spring", folder / "autumn", "--pre", folder / "before", "--out", tmp_path, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    for path in sorted(analyzed[0].iterdir()):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_reports_on_degenerate_groups_are_written_too_with_the_reasons(starter: Path, tmp_path: Path) -> None:
    cases = {"none": binary_book([], name="none"), "one": binary_book([[1, 0]], name="one"), "alike": binary_book([[1, 1]] * 3, name="alike")}
    for name, made in cases.items():
        folder = lay_down(tmp_path / name, made, "handwashing")
        done = run_command("--course", starter, "analyze", folder, "--out", tmp_path / f"out-{name}", "--paper", "letter", "--jobs", "1")
        assert done.returncode == 0, done.stderr
    page = (tmp_path / "out-alike/analysis.html").read_text("utf-8")
    assert "r is not defined for any item: every learner earned the same on it." in page
    assert "not defined: all learners have the same score" in page
    assert "nobody has sat this test yet" in (tmp_path / "out-none/analysis.html").read_text("utf-8")


def test_bad_input_is_told_and_nothing_is_written(starter: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    damaged = lay_down(tmp_path / "damaged", binary_book([[1, 0]]), "handwashing")
    (damaged / SITTINGS).write_text("{not json\n", "utf-8")
    unknown = lay_down(tmp_path / "unknown", binary_book([[1, 0]]), "handwashing")
    (unknown / SITTINGS).write_text((unknown / SITTINGS).read_text("utf-8").replace('"posttest-1"', '"another-form"'), "utf-8")
    foreign = lay_down(tmp_path / "foreign", binary_book([[1, 0]]), "another-course")
    good = lay_down(tmp_path / "good", binary_book([[1, 0]]), "handwashing")
    for folder, words in ((empty, "nothing was graded here yet"), (damaged, "line 1 of the sittings is damaged"), (unknown, "another-form"), (foreign, "another-course")):
        done = run_command("--course", starter, "analyze", folder, "--out", tmp_path / "out")
        assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr, done.stderr
    done = run_command("--course", starter, "analyze", good, "--pre", good, "--out", tmp_path / "out")
    assert done.returncode == 1 and "pre-test" in done.stderr
    assert not (tmp_path / "out").exists()
