"""Case cluster: one case, several items about it, kept together on every form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from coursewright.model.items.base import ITEM_TYPES, ItemBase, SingleItem
from coursewright.model.prose import Prose

if TYPE_CHECKING:
    SimpleItem = SingleItem


@ITEM_TYPES
class CaseCluster(ItemBase):
    """A case and the items that belong to it. Pool, objective and section pass down to items that name none."""

    type: Literal["case-cluster"]
    case: Prose
    items: Annotated[tuple[SimpleItem, ...], Field(min_length=2, max_length=6)]

    def singles(self) -> Iterator[SingleItem]:
        for item in self.items:
            inherited = {f: getattr(self, f) for f in ("objective", "moore", "section", "claim") if getattr(item, f) is None}
            child = item.model_copy(update={"pool": self.pool, **inherited})
            child._place = item._place
            yield child
