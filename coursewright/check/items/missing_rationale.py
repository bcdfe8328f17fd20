from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.items.extended_matching import Vignette
from coursewright.model.items.matching import Prompt
from coursewright.model.items.numeric import Numeric
from coursewright.model.items.options import Option
from coursewright.model.items.ordering import Ordering
from coursewright.model.items.script_concordance import ScriptConcordance
from coursewright.model.items.true_false import TrueFalse


@check("E303")
def missing_rationale(course: Course) -> Iterator[Fault]:
    """An option, prompt or answer has no rationale.

    Why: learners who chose it are told that they were right or wrong, and not why.
    Instead: `rationale:` beside each option (`if_true:` and `if_false:` for a true–false item; for ordering, on the
    steps or for the item).
    """
    help_ = "say why it is right or wrong"
    for owner in course.all(Option):
        if owner.rationale is None:
            yield owner.at("text"), "this option has no rationale", help_
    for prompt in course.all(Prompt):
        if prompt.rationale is None:
            yield prompt.at("text"), "this prompt has no rationale", "say why the choice belongs to it"
    for vignette in course.all(Vignette):
        if vignette.rationale is None:
            yield vignette.at("text"), "this vignette has no rationale", "say why the option answers it"
    for item in course.single_items:
        match item:
            case TrueFalse():
                for field in ("if_true", "if_false"):
                    if getattr(item, field) is None:
                        yield item.at("id"), f'item "{item.id}" has no {field}', "say what a learner who chose it should be told"
            case ScriptConcordance() if item.rationale is None:
                yield item.at("id"), f'item "{item.id}" has no rationale', "say what the panel weighed"
            case Numeric() if item.rationale is None:
                yield item.at("id"), f'item "{item.id}" has no rationale', "show the working"
            case Ordering() if item.rationale is None and any(step.rationale is None for step in item.steps):
                yield item.at("id"), f'item "{item.id}" has no rationale', "give one for the item, or for every step"
