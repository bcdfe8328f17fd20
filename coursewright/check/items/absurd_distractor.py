from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import with_options
from coursewright.model.course import Course

JOKE = re.compile(
    r"!|\b(?:magic\w*|horoscopes?|zodiac|moon|astrolog\w+|pizza|chocolate|coffee break|ice cream|cake|unicorns?|aliens?|wizards?|fair(?:y|ies)|ghosts?|lottery|dance|sing(?:ing)?|joke|laugh|party|vacation|holiday|beach|"
    r"janitor|cleaner|astronaut|superhero|santa|nap|go home|do nothing|hope for the best|cross (?:your|their) fingers|flip (?:a )?coin|toss a coin|guess(?:ing)?|google|tiktok|facebook|instagram|youtube|prayer circle|luck|lucky|favou?rite (?:color|colour|song|food)|"
    r"shoe size|hair colou?r|eye colou?r|weather|star sign|car|parking|lunch|whatever|who cares|nobody knows|because it is (?:fun|cool)|punish\w*|shout\w*|yell\w*|scold\w*|throw\w* away)\b",
    re.IGNORECASE,
)


@check("W318")
def absurd_distractor(course: Course) -> Iterator[Fault]:
    """A distractor that nobody would choose: a joke, or something outside the subject.

    Why: it does not distract; a four-option item with one such option is a three-option item that reads longer.
    Example: "Check the phase of the moon"
    Instead: an error that learners make. Three good options are enough. A machine finds only plain cases: after the
    test, options chosen by fewer than one in twenty tell more.
    Source: NBME item-writing guide; Haladyna, Downing and Rodriguez 2002, guidelines 28f and 29.
    """
    for item in with_options(course):
        for option in item.distractors:
            found = JOKE.search(option.text.plain)
            if found:
                yield option.at("text", found[0]), f'nobody would choose an option with "{found[0]}"', "write an error that learners make"
