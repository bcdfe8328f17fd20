"""What can be wrong with answers that come as a table: typed in, or downloaded from Moodle or Canvas."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from coursewright.source.diagnostic import Diagnostic, fault

MOST = 200  # of one code; a file of a million rows may hold as many faults
SPOILED = frozenset({"#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#N/A", "#NULL!", "#NUM!"})


@dataclass
class Complaints:
    """Diagnostics as they are found, so many of each code, and how many more there were."""

    kept: list[Diagnostic] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    last: dict[str, Diagnostic] = field(default_factory=dict)

    def add(self, diagnostic: Diagnostic) -> None:
        self.counts[diagnostic.code] += 1
        self.last[diagnostic.code] = diagnostic
        if self.counts[diagnostic.code] <= MOST:
            self.kept.append(diagnostic)

    def all(self) -> list[Diagnostic]:
        """What was kept; for each code of which more were found, one that says how many."""
        more = [
            Diagnostic(self.last[code].span, code, f"and {count - MOST:,} more of this kind, up to this row", "correct those above, then run this again")
            for code, count in sorted(self.counts.items())
            if count > MOST
        ]
        return [*self.kept, *more]


@fault("E540")
def answer_columns(problem: str, hint: str) -> tuple[str, str]:
    """A table of answers lacks a column that is needed, or cannot be read as CSV.

    Example: `name,answers`
    Instead: `learner_id,given_name,family_name,form,item,response` with a row for each answer; or a row for each learner
    and a column for each item id. From Moodle: the quiz's Responses report as CSV, with question text. From Canvas: the
    quiz's Student analysis.
    """
    return problem, hint


@fault("E541")
def not_an_answer(column: str, text: str, expected: str) -> tuple[str, str]:
    """A cell is no answer to its item. The learner's result waits until it is corrected: nothing is guessed.

    Example: `e` for an item with the options a to d
    Instead: the ids of options (`b`, or `a c` where several are marked), `a=x b=y` for a match, `c > a > b` for an order,
    what was typed for a number. In a table of Moodle or Canvas: the words of the options, as the record has them.
    """
    return f"{column}: {text!r} is no answer to this item", f"write {expected}" if expected else "correct it in the table"


@fault("E542")
def unknown_item(name: str, hint: str) -> tuple[str, str]:
    """A column, row or question belongs to no item of the form.

    Why: an answer that is given to the wrong item is worse than one that is missing.
    Instead: the item's id; in Moodle and Canvas the item's words as they were exported, or its id in brackets before them.
    """
    return f"{name} is no item of this form", hint


@fault("E543")
def unknown_learner(problem: str, hint: str) -> tuple[str, str]:
    """A row of answers does not say whose it is, or names a form that was not printed.

    Instead: `learner_id`, or `given_name` and `family_name`, in each row; `form` as it stands on the sheet.
    """
    return problem, hint


@fault("E544")
def item_without_answers(item: str) -> tuple[str, str]:
    """An item of the form has no column in the table. Results wait, for a missing column is no wrong answer.

    Instead: add the column (empty cells where nothing was answered); or withdraw the item with `--withdraw`.
    """
    return f"item {item} of the form has no column", "add it, or withdraw the item"


@fault("E545")
def answered_twice(who: str, what: str) -> tuple[str, str]:
    """A learner answered one item twice, or two rows without ids carry one name. The results wait.

    Why: two people of one name look like one.
    Instead: remove the row that is wrong, or tell two people apart with `learner_id`.
    """
    return f"{who} {what}", "remove the wrong row, or tell two people of one name apart with learner_id"


@fault("W546")
def several_attempts(who: str, count: int, policy: str) -> tuple[str, str]:
    """A learner has several attempts; one of them counts.

    Instead: nothing, where that is meant; else `--attempt best`, `first` or `last`.
    """
    return f"{who} has {count} attempts; the {policy} one counts", "choose another with --attempt best, first or last"


@fault("W547")
def split_name(name: str, given: str, family: str) -> tuple[str, str]:
    """A full name was cut in two before its last word, which may be the wrong place.

    Why: a certificate carries the name, and reporting systems want its parts.
    Instead: a roster with the learner's id and names: `--roster roster.csv`.
    """
    return f'"{name}" was read as given name "{given}" and family name "{family}"', "give the names with --roster, by learner_id"


@fault("W548")
def other_points(item: str, cells: int) -> tuple[str, str]:
    """The learning platform gave other points than the record's key gives.

    Why: its key may differ from the printed one, or its rule for partial credit.
    Instead: look at the item in both places; the points here follow the record and its adjustments.
    """
    return f"item {item}: the platform gave other points for {cells} answer{'s' if cells != 1 else ''} than the key on record", "compare the keys and the rules for partial credit"


@fault("W549")
def column_left_alone(name: str, hint: str) -> tuple[str, str]:
    """A column of a table of answers is neither an item of the test nor a column of a roster; it is not read.

    Instead: nothing, where it is a note of your own; else correct its name.
    """
    return f'the column "{name}" is not read', hint or "nothing to do, if it is a note of your own"


@fault("W550")
def not_finished(who: str, state: str) -> tuple[str, str]:
    """A learner of the platform's table has not handed an attempt in.

    Instead: nothing, where the learner did not sit the test; else have the attempt handed in, and download the table again.
    """
    return f"{who}: {state}", "download the table again once the attempt is handed in"


@fault("W551")
def no_date(who: str, text: str) -> tuple[str, str]:
    """The day on which a learner finished is not understood; the day of `--day` stands for it.

    Instead: download the table with the site's language set to English.
    """
    return f"{who}: the date {text!r} is not understood", "download the table in English, or give the day with --day"
