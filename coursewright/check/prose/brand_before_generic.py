from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.passages import Written, unit_texts, written
from coursewright.model.accreditation import Medicine
from coursewright.model.blocks.table import Table
from coursewright.model.course import Course

MOST = 1  # times that a brand may stand in a module, tables aside


@check("W804")
def brand_before_generic(course: Course) -> Iterator[Fault]:
    """A brand name stands before the generic name, more than once in a module, or in an item.

    Why: generic names keep the education free of promotion and last longer than brands.
    Example: "Tylenol is given twice daily."
    Instead: the generic name; the brand once, in brackets after it, where a reader must recognize it. `medicines:` in
    course.yaml lists the brands.
    Source: house rule; many providers print it after the 2004 Standards for Commercial Support (ce_rules, 1.2).
    """
    for medicine in course.info.medicines:
        for brand in medicine.brands:
            for unit in course.units:
                texts = [entry for entry in unit_texts(unit) if not isinstance(entry.owner, Table)]
                yield from _misplaced(medicine, brand, texts)
            for item in course.items:
                for entry in _naming(brand, list(written(item))):
                    yield entry.at(brand), f'the brand "{brand}" stands in an item', f"write {medicine.generic}"


def _misplaced(medicine: Medicine, brand: str, texts: list[Written]) -> Iterator[Fault]:
    naming = _naming(brand, texts)
    for n, entry in enumerate(naming):
        before = " ".join(other.plain for other in texts[: texts.index(entry)]) + entry.plain[: entry.plain.lower().find(brand.lower())]
        if not re.search(rf"\b{re.escape(medicine.generic)}\b", before, re.IGNORECASE):
            yield entry.at(brand), f'the brand "{brand}" stands before {medicine.generic}', "name the generic first"
        elif n >= MOST:
            yield entry.at(brand), f'the brand "{brand}" stands here again', f"write {medicine.generic}"


def _naming(brand: str, texts: list[Written]) -> list[Written]:
    return [entry for entry in texts if re.search(rf"\b{re.escape(brand)}\b", entry.plain, re.IGNORECASE)]
