"""What a learning management system cannot hold. Each docstring is the page that `explain` prints."""

from __future__ import annotations

from coursewright.source.diagnostic import fault


@fault("W701")
def all_or_nothing_softened(item: str, system: str, rule: str) -> tuple[str, str]:
    """A multiple response scored all or nothing is scored by another rule in an LMS.

    Why: Moodle and Canvas have no such rule for questions with several answers; a learner with part of the keys earns
    part of the points there, and none by the course's own rule. The question tells the learner the rule that is applied.
    Example: `scoring: all-or-nothing` with two keys, exported to Canvas
    Instead: accept it; or `scoring: plus-minus`, which both hold exactly; or export to QTI. Where one key is right alone, both hold the rule.
    """
    return f"{system} scores {item} otherwise: {rule}", "scoring: plus-minus is held exactly; QTI holds all-or-nothing"


@fault("W702")
def panel_credit_lost(item: str, system: str) -> tuple[str, str]:
    """The graded credit of a script concordance item is lost: only the panel's favorite earns points.

    Why: a multiple choice question of Canvas is right or wrong. Learners who agree with a minority of the panel earn nothing.
    Instead: leave the item out of graded quizzes there, or export to Moodle or QTI, which hold the shares.
    """
    return f"{system} gives {item} no partial credit: only the panel's favorite earns points", "Moodle and QTI hold a panel's shares"


@fault("W703")
def credit_rounded(item: str, share: str, nearest: str) -> tuple[str, str]:
    """A share of the credit is rounded, since Moodle takes only the percentages of a fixed list.

    Why: Moodle refuses a question whose grade is not in its list (100, 90, 83.33333, 80, 75, 70, 66.66667, 60, 50, 40,
    33.33333, 30, 25, 20, 16.66667, 14.28571, 12.5, 11.11111, 10, 5, 0), so the nearest of them is written.
    Example: a panel of which 7 gave the favorite answer and 3 another: 3/7 is 42.86 %, and Moodle gives 40 %
    Instead: accept it, or export to QTI, which holds every share.
    """
    return f"{item}: Moodle has no credit of {share} % and gives {nearest} %", "QTI holds every share"


@fault("W704")
def order_scored_by_place(item: str, system: str) -> tuple[str, str]:
    """An ordering item becomes one of matching: each step with its place, each right place earning its share.

    Why: a classic quiz of Canvas has no ordering question. By the course's rule a step counts that follows its right
    predecessor, so one slip costs little; by places, one slip at the beginning can cost all. The question says so.
    Instead: accept it, or export to Moodle (4.4 or newer) or QTI, which hold the rule.
    """
    return f"{system} has no ordering: {item} asks for each step's place, and scores each place", "Moodle 4.4 and QTI hold the rule"


@fault("W705")
def number_read_otherwise(item: str, system: str) -> tuple[str, str]:
    """How a typed number is read is for the LMS to say: a decimal comma or a space within may not be understood.

    Why: the course's own grader takes 35.5, 35,5 and 1 000; an LMS may take 35,5 for no number, or for 355. The right
    number with a decimal point is scored right everywhere.
    Instead: tell learners to write a decimal point.
    """
    return f"{system} reads the number typed for {item} in its own way: a decimal comma may not count", "tell learners to write a decimal point"


@fault("W706")
def untouched_order_graded(item: str) -> tuple[str, str]:
    """Moodle grades an ordering question as it stands, even where the learner moved nothing.

    Why: by the course's rule an item without an answer earns nothing; in Moodle the shuffled order is an answer, and may
    hold a right pair by chance.
    Instead: accept it; nothing can be set against it.
    """
    return f"Moodle grades {item} even where a learner moved nothing: the order shown may earn a share by chance", "nothing can be set against it"


@fault("W707")
def form_not_held(form: str, system: str, lost: str) -> tuple[str, str]:
    """Part of what a blueprint says of its form is not in the export.

    Why: Moodle XML holds questions and no quizzes; a quiz of Canvas has no cut score; QTI shuffles options by item, not by
    form. A learner could pass by another bar than the one approved.
    Instead: set it by hand after the import. In Moodle, the items of a form carry the tag `form:ID`.
    """
    return f'{system} does not hold of form "{form}": {lost}', "set it by hand after the import"


@fault("W708")
def choice_made_plain(item: str, system: str) -> tuple[str, str]:
    """The choices of a matching item lose their emphasis, code or links: the LMS shows them in a menu of plain text.

    Instead: write choices that need no markup, or accept it; the words stay.
    """
    return f"{system} shows the choices of {item} as plain text, without their markup", "write choices that need no markup"


@fault("W709")
def list_starts_at_one(item: str) -> tuple[str, str]:
    """A numbered list that starts at another number than 1 is numbered from 1 in QTI, which knows no other start.

    Example: a stem whose list begins with `3.`
    Instead: write the numbers as text, or begin at 1.
    """
    return f"QTI numbers a list of {item} from 1", "begin the list at 1, or write the numbers as text"


@fault("W710")
def course_link_lost(item: str) -> tuple[str, str]:
    """A link to a place in the course stays as text: in an LMS there is no such place.

    Example: `[the table](#table-moments)` in a stem
    Instead: name the section in words, or link to an address of the web.
    """
    return f"a link of {item} to a place in the course becomes plain text", "name the place in words"


@fault("W711")
def spaces_count(item: str, system: str) -> tuple[str, str]:
    """Spaces within a typed answer count in the LMS; the course's own grader takes any number of them for one.

    Instead: accept answers of one word, or list the spellings that shall count.
    """
    return f"{system} compares the answer to {item} with its spaces", "accept answers of one word"


@fault("I712")
def case_repeated(case: str, system: str, count: int) -> tuple[str, str]:
    """The case of a cluster is repeated above each of its questions, since the LMS may show them apart.

    Why: Moodle and Canvas have no text shared by several questions, and players of QTI differ in what they show.
    Instead: nothing; no word is lost.
    """
    return f"{system} repeats the case of {case} above each of its {count} questions", "no word is lost"


@fault("I713")
def options_not_shuffled(item: str, quiz: str) -> tuple[str, str]:
    """The options of a whole quiz are not shuffled in Canvas, since one of its items has options in an order of their own.

    Why: Canvas shuffles the options of all questions of a quiz, or of none; numbers and scales must keep their order.
    Instead: accept it, or switch on "Shuffle answers" where the order of those options does not matter.
    """
    return f'Canvas shows the options of quiz "{quiz}" in one order to all: {item} must keep its own', "Canvas shuffles a whole quiz or nothing"
