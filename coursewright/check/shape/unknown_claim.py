from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.blocks.figure import Figure
from coursewright.model.claim import Claim, Handling
from coursewright.model.course import Course
from coursewright.model.figure_data import look_up, places
from coursewright.model.items.base import ItemBase
from coursewright.source.suggest import did_you_mean


@check("E132")
def unknown_claim(course: Course) -> Iterator[Fault]:
    """Something refers to a statement, number, section, reference or source claim that the course does not have.

    An item names a `claim:` of the evidence ledger; a chart draws `${claim.name}`; a claim names its `sections:`,
    `references:` and, under `source:`, claims of the source document.
    Example: `${c-murrough.diff}` where the claim's data say `difference`
    Instead: the name that the message suggests.
    """
    for item in course.all(ItemBase):
        if item.claim and item.claim not in course.claims and not course.may_mention(item.claim):
            yield item.at("claim"), f'claim "{item.claim}" is not in the ledger', did_you_mean(item.claim, course.claims)
    for figure in course.all(Figure):
        for claim, name in places(figure.chart):
            if look_up(course.claims, claim, name) is None and not course.may_mention(claim):
                known = course.claims[claim].data if claim in course.claims else course.claims
                what = f'claim "{claim}" holds no number "{name}"' if claim in course.claims else f'claim "{claim}" is not in the ledger'
                yield figure.at("chart", f"{{{claim}.{name}}}"), what, did_you_mean(name if claim in course.claims else claim, known)
    for entry in course.all(Claim):
        for field, what, known_ids in (("sections", "section", course.sections), ("references", "reference", course.reference_by_id)):
            for id_ in getattr(entry, field):
                if id_ not in known_ids and not course.may_mention(id_):
                    yield entry.at(field, id_), f'there is no {what} "{id_}"', did_you_mean(id_, known_ids)
    for handling in course.all(Handling):
        if handling.claim not in course.source_claims and not course.may_mention(handling.claim):
            message = f'"{handling.claim}" is no claim of the source document'
            yield handling.at("claim"), message, did_you_mean(handling.claim, course.source_claims)
