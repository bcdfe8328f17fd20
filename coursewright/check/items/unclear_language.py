from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.passages import unit_texts, written
from coursewright.check.prose.stigmatizing_term import WORDS
from coursewright.check.prose.undefined_abbreviation import expanded, proper_names, undefined
from coursewright.model.course import Course
from coursewright.model.items.base import ItemBase

SLIPS = re.compile(
    r"\b(\w+) \1\b|\b(?:recieve\w*|occured|occurence|seperate\w*|definately|untill|wich|teh|adress|accomodat\w+|begining|beleive|calender|diarrhoea and diarrhea|dosis|effecient|hemorhage|hypertention|inital|lenght|mantain\w*|neccessary|"
    r"noticable|paitent\w*|pateint\w*|perscri\w+|prefered|publically|reccomend\w*|recomend\w*|sucessful\w*|symtom\w*|theraputic|thier|treatement|vaccum|weigth|wether|withdrawl|administerd|adminster\w*|assesment|dossage)\b"
    r"|(?<!of )(?<!for )(?<!in )\b(?:patients|people|nurses|doses|symptoms|clinicians) (?:is|was|has|does)\b|^(?:the |a |an )?(?:patient|nurse|dose|clinician) (?:are|were|have|do) |\b(?:man|woman) have been\b|\b(?:could|should|would) of\b|\ba (?:hour|honest|infusion|adult|overdose|effect|increase|injection|allergy|item|older|acute|elderly|emergency|opioid|oral|antibiotic)\b|\ban (?:patient|dose|drug|nurse|person|trial|study|history|single|medication|university)\b|\bless (?:patients|doses|people|side effects)\b",
    re.IGNORECASE,
)
OUTDATED = re.compile(r"\b(?:mental(?:ly)? retard\w*|mongol\w+|handicapped|wheelchair[- ]bound|elderly|senile|the disabled|lunatic\w*|nervous breakdown|hysterical|spastics?|cripple\w*|venereal disease|juvenile diabetes|insulin[- ]dependent diabetes|nosocomial|third world|sanitarium|mulatto|oriental)\b", re.IGNORECASE)
MORE = re.compile(r"\b(?:diabetics|asthmatics|epileptics|hypertensives|cripples|the (?:elderly|mentally ill|demented|blind|deaf)|demented|obese people|refus(?:ed|es) to comply|complain(?:s|ed|ing) of)\b", re.IGNORECASE)


@check("W347")
def unclear_language(course: Course) -> Iterator[Fault]:
    """An item holds an abbreviation that is explained nowhere, an error of language, or a word that is outdated or blames.

    Why: the learner fails on the wording and not on the matter.
    Example: "Which drug reduces the QXRS of a drunk?"
    Instead: the long form; the glossary, or the module that the item belongs to, may explain it. People first.
    Source: NBME item-writing guide; ce_rules 5.1, I17.
    """
    names = proper_names(course) | _glossary(course)
    of_module = {unit.id: " ".join(entry.plain for entry in unit_texts(unit)) for unit in course.units}
    for bank in course.banks:
        for item in bank.items:
            texts = list(written(item))
            for entry, token in undefined(texts, names):
                if not expanded(token, of_module.get(bank.module, "")):
                    yield entry.at(token), f"{token} is explained nowhere", "write the long form, or add it to the glossary"
            for entry in texts:
                for pattern in (SLIPS, OUTDATED, MORE, WORDS):
                    found = pattern.search(entry.plain)
                    if found and not (pattern is SLIPS and isinstance(entry.owner, ItemBase) and found[0].lower() in ("had had", "that that")):
                        yield entry.at(found[0]), f'"{found[0]}" is an error, outdated or blames', "reword it"
                        break


def _glossary(course: Course) -> set[str]:
    found = {term.abbreviation for term in course.glossary if term.abbreviation}
    return found | {word for term in course.glossary for word in re.findall(r"[A-Za-z]*[A-Z]{2,}\d?", term.term)}
