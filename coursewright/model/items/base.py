"""What item types share: their ids and tags, and the question and key that they lower to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from coursewright.model.base import Id, Kind, Moore, Number, Sourced
from coursewright.model.interaction import Interaction, Key, Response
from coursewright.model.prose import Line, Prose
from coursewright.model.version import item_version

ITEM_TYPES = Kind()


@dataclass(frozen=True)
class Question:
    """An item as a learner meets it: no key, no rationale. `instruction` says how to answer and how it is scored.

    version: a hash of what is asked, whatever the order of its options and its key.
    """

    id: str
    stem: Prose
    interaction: Interaction
    points: Fraction
    instruction: str
    version: str = ""


@dataclass(frozen=True)
class Explanation:
    """What is shown after grading: a rationale for each alternative (by id), and one for the item as a whole."""

    by_alternative: tuple[tuple[str, Line], ...] = ()
    overall: Prose | None = None

    def of(self, alternative: str) -> Line | None:
        """The rationale of one alternative."""
        return dict(self.by_alternative).get(alternative)


@dataclass(frozen=True)
class Example:
    """A response that an item makes of itself, with the share of points that it must earn: see `examples`.

    valid: whether a learner could give it; what could only come of a fault or an attack earns nothing and breaks nothing.
    """

    name: str
    response: Response
    share: Fraction
    valid: bool = True


class ItemBase(Sourced):
    """The tags that every item carries."""

    id: Id
    objective: Id | None = Field(None, description="the objective that this item tests")
    moore: Moore | None = None
    section: Id | None = Field(None, description="the section that teaches it")
    claim: Id | None = Field(None, description="the statement of the evidence ledger that it tests")
    pool: Literal["practice", "exam"] = Field("practice", description="practice: knowledge checks; exam: summative forms")

    def singles(self) -> Iterator[SingleItem]:
        """The items that ask one thing: itself, or the children of a cluster."""
        raise NotImplementedError


class SingleItem(ItemBase):
    """An item that asks one thing."""

    _question: Question | None = PrivateAttr(default=None)

    stem: Prose
    points: Annotated[Number, Field(gt=0)] = Field(default=1, validate_default=True)

    def singles(self) -> Iterator[SingleItem]:
        yield self

    @property
    def interaction(self) -> Interaction:
        """The shape that writers know."""
        raise NotImplementedError

    @property
    def key(self) -> Key:
        """What earns the points; the grader's side only."""
        raise NotImplementedError

    @property
    def explanation(self) -> Explanation:
        """The rationales; shown after grading, never before."""
        raise NotImplementedError

    @property
    def instruction(self) -> str:
        """How to answer, in words for the learner, with the rule for partial credit where there is one."""
        raise NotImplementedError

    def examples(self) -> Iterator[Example]:
        """Right, wrong and partial responses with the share each must earn: one harness tests every item with them."""
        raise NotImplementedError

    @property
    def question(self) -> Question:
        """The item without its key; made once."""
        if self._question is None:
            stem, interaction, points = self.asked_stem, self.interaction, Fraction(self.points)
            version = item_version(self.id, stem.source, interaction, points)
            self._question = Question(self.id, stem, interaction, points, self.instruction, version)
        return self._question

    @property
    def asked_stem(self) -> Prose:
        """The stem as learners read it."""
        return self.stem


def letter(index: int) -> str:
    """The id of the alternative at `index`, counted from 0: a, b, … z, then a1, b1, …."""
    turn, place = divmod(index, 26)
    return chr(ord("a") + place) + (str(turn) if turn else "")
