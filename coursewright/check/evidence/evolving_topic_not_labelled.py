from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.passages import written
from coursewright.model.course import Course

PARAGRAPHS = 3  # that name the topic and the medicine together make the section one on that topic


@check("W906")
def evolving_topic_not_labelled(course: Course) -> Iterator[Fault]:
    """A section deals with an evolving topic and is not labelled so.

    Why: new and evolving topics must be recognizable as such, and may not be advocated beyond their evidence.
    Instead: `evolving: true` on the section, which prints the label; or the words "evolving topic" in its text.
    `evolving_topics:` in course.yaml lists the topics; a section counts where three paragraphs name one of them together
    with a watched medicine.
    Source: ACCME Standards for Integrity and Independence, Standard 1.
    """
    topics = course.info.evolving_topics
    names = [name for medicine in course.info.medicines for name in (medicine.generic, *medicine.names)]
    if not topics or not names:
        return
    topic, medicine_name = (re.compile("|".join(rf"\b{re.escape(word)}" for word in words), re.IGNORECASE) for words in (topics, names))
    for section in course.sections.values():
        texts = list(written(section))
        if section.evolving or any("evolving topic" in entry.plain.lower() for entry in texts):
            continue
        if sum(bool(topic.search(entry.plain) and medicine_name.search(entry.plain)) for entry in texts) >= PARAGRAPHS:
            yield section.at("title"), f'section "{section.id}" deals with an evolving topic', "add evolving: true"
