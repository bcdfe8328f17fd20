"""A small course whose test has every kind of answer, for tests of printing and scanning."""

from __future__ import annotations

from pathlib import Path

from conftest import TINY, write_course

HEAD = "    objective: lo-1-1\n    moore: 3a\n    section: part\n    pool: exam\n"


def _choice(n: int) -> str:
    options = "".join(f"      - {{text: Option {w} of {n}, {'correct: true, ' if i == n % 4 else ''}rationale: R.}}\n" for i, w in enumerate(("one", "two", "three", "four")))
    return f"  - id: q-{n:02}\n    type: single-best-answer\n{HEAD}    stem: Which one is it in case {n}?\n    options:\n{options}"


BANK = "id: bank-one\nmodule: one\nitems:\n" + "".join(_choice(n) for n in range(1, 13)) + f"""\
  - id: q-many
    type: multiple-response
{HEAD}    stem: Which ones are they? Select all that apply.
    options:
      - {{text: First, correct: true, rationale: R.}}
      - {{text: Second, rationale: R.}}
      - {{text: Third, correct: true, rationale: R.}}
      - {{text: Fourth, rationale: R.}}
  - id: q-match
    type: matching
{HEAD}    stem: Match them.
    choices: [{{id: x, text: X}}, {{id: y, text: Y}}, {{id: z, text: Z}}]
    prompts:
      - {{text: P, match: x, rationale: R.}}
      - {{text: Q, match: z, rationale: R.}}
  - id: q-order
    type: ordering
{HEAD}    stem: Put them in order.
    rationale: R.
    steps: [{{text: Begin}}, {{text: Go on}}, {{text: End}}]
  - id: q-number
    type: numeric
{HEAD}    stem: How many?
    answer: -2.5
    unit: mg
    rationale: R.
"""
BLUEPRINT = "id: test\ntitle: The test\ncells: [{count: 16}]\ncut: {percent: 75}\nminutes: 20\n"
ROSTER = """given_name,family_name,learner_id,seat,large_print,extra_minutes
Zoë,O’Brien,1001,A1,,
Anna,Smith,1003,A3,,
Anna,Smith,1004,A4,yes,25
"=cmd|'/c calc'!A1","Bobby; DROP TABLE",1005,B1,,
"""


def paper_course(folder: Path) -> Path:
    """The course, laid down with a roster."""
    write_course(folder, {**TINY, "quizzes/banks/01-one.yaml": BANK, "quizzes/blueprints/test.yaml": BLUEPRINT, "roster.csv": ROSTER})
    return folder
