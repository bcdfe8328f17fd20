"""What every model object shares: frozen fields, a place in the YAML, waivers, and the small types of the fields."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Annotated, Any, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from coursewright.source.span import Place, Span

NOWHERE = Span("<no file>")


class PlacedMap(dict[str, Any]):
    """A YAML mapping on its way into a model: the plain values, and the place they stand at."""

    place: Place


class PlacedList(list[Any]):
    """A YAML list on its way into a model: the plain values, and the span of each entry."""

    spans: list[Span]


class PlainScalar(str):
    """A YAML scalar written without quotes. Its text is kept; what it means is for the field's type to say."""


class Sourced(BaseModel):
    """A model object that remembers where it was written. All objects of a course are of this kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    _place: Place | None = PrivateAttr(default=None)

    waive: dict[str, Annotated[str, StringConstraints(min_length=8)]] = Field(
        default_factory=dict,
        description="diagnostic codes (W or I) that do not apply here, each with the reason",
        repr=False,
    )

    @model_validator(mode="wrap")
    @classmethod
    def _remember_place(cls, data: Any, handler: ModelWrapValidatorHandler[Any], info: ValidationInfo) -> Any:
        if not isinstance(data, PlacedMap):
            return handler(data)
        fields = _field_names(cls)
        unknown = [key for key in data if key not in fields]
        if unknown and isinstance(info.context, dict):
            for key in unknown:
                info.context["unknown_keys"].append((data.place.keys[key], key, sorted(fields)))
            known = PlacedMap((key, value) for key, value in data.items() if key in fields)
            known.place = data.place
            data = known
        made = handler(dict(data))
        made._place = data.place
        return made

    def at(self, field: str | None = None, find: str | None = None) -> Span:
        """The span of a field's value, or of the words `find` in it; of the object's first line by default."""
        return self._place.at(field, find) if self._place else NOWHERE

    @property
    def span(self) -> Span:
        """All of the object in its file."""
        return self._place.span if self._place else NOWHERE


def _field_names(cls: type[BaseModel]) -> set[str]:
    return {info.alias or name for name, info in cls.model_fields.items()}


def children(value: object) -> Any:
    """Yield every Sourced object within `value`, itself included, outermost first."""
    if isinstance(value, Sourced):
        yield value
        for name in type(value).model_fields:
            yield from children(getattr(value, name))
    elif isinstance(value, tuple | list):
        for entry in value:
            yield from children(entry)
    elif isinstance(value, dict):
        for entry in value.values():
            yield from children(entry)


def _yes_no(value: object) -> object:
    if isinstance(value, str):
        word = value.lower()
        if word in ("true", "yes"):
            return True
        if word in ("false", "no"):
            return False
        raise PydanticCustomError("yes_no", "this must be true or false, not {word}", {"word": repr(value)})
    return value


def _typographic(value: object) -> object:
    """Straight quotes and apostrophes of a plain line become the typographer's."""
    if not isinstance(value, str):
        return value
    text = re.sub(r"(?<=\w)'|'(?=\d\ds?\b)", "’", " ".join(value.split()))
    text = re.sub(r'(^|[\s(\[—–])"', r"\1“", text).replace('"', "”")
    return re.sub(r"(^|[\s(\[—–])'", r"\1‘", text).replace("'", "’")


def _decimal_text(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", value.strip()):
        raise PydanticCustomError("number", "this must be a number such as 35 or 0.5, not {word}", {"word": repr(value)})
    return value


def _whole_text(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[+-]?\d+", value.strip()):
        raise PydanticCustomError("whole", "this must be a whole number such as 6, not {word}", {"word": repr(value)})
    return value


def _date_text(value: object) -> object:
    if isinstance(value, str) and value and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise PydanticCustomError("date", "this must be a date as YYYY-MM-DD, not {word}", {"word": repr(value)})
    return value


def _unique(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(value)) != len(value):
        raise PydanticCustomError("repeated", "an entry of this list is repeated")
    return value


Date = Annotated[datetime.date, BeforeValidator(_date_text)]
YesNo = Annotated[bool, BeforeValidator(_yes_no), WithJsonSchema({"enum": [True, False, "yes", "no"]})]
Number = Annotated[Decimal, BeforeValidator(_decimal_text), WithJsonSchema({"type": "number"})]
Whole = Annotated[int, BeforeValidator(_whole_text)]
Count = Annotated[Whole, Field(ge=1)]
Id = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64),
    Field(description="lower-case letters, digits and hyphens; unique in the course"),
]
Phrase = Annotated[
    str, BeforeValidator(_typographic), StringConstraints(min_length=1, max_length=400), Field(description="a line of plain text")
]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Ids = Annotated[tuple[Id, ...], AfterValidator(_unique)]
Moore = Annotated[
    str,
    StringConstraints(pattern="^(3a|3b|4)$"),
    WithJsonSchema({"enum": ["3a", "3b", "4", 4], "description": "Moore level: 3a knows, 3b knows how, 4 shows how"}),
]


S = TypeVar("S", bound=Sourced)


class Kind:
    """A registry of the kinds of one thing (blocks, items): a decorator enters each under the name YAML uses."""

    def __init__(self) -> None:
        self.classes: dict[str, type[Sourced]] = {}

    def __call__(self, cls: type[S]) -> type[S]:
        (name,) = get_args(cls.model_fields["type"].annotation)  # the one value of its Literal
        self.classes[name] = cls
        return cls


