"""Item types: one file each. A type says what its YAML holds and how it lowers to an interaction and a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from coursewright.model.items.base import ITEM_TYPES, ItemBase, SingleItem
from coursewright.source.siblings import import_siblings

import_siblings(__name__)

if TYPE_CHECKING:
    Item = ItemBase
else:
    #: any item, told apart by its `type`
    Item = Annotated[Union[tuple(ITEM_TYPES.classes.values())], Field(discriminator="type")]  # noqa: UP007
    #: any item that asks one thing: a case cluster holds these
    _single = tuple(cls for cls in ITEM_TYPES.classes.values() if issubclass(cls, SingleItem))
    SimpleItem = Annotated[Union[_single], Field(discriminator="type")]  # noqa: UP007
    for _cls in ITEM_TYPES.classes.values():
        _cls.model_rebuild(_types_namespace={"SimpleItem": SimpleItem})
