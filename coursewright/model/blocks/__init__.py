"""Block types: what a section is made of, one file each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from coursewright.model.blocks.base import BLOCK_TYPES, BlockBase
from coursewright.source.siblings import import_siblings

import_siblings(__name__)

if TYPE_CHECKING:
    Block = BlockBase
else:
    #: any block, told apart by its `type`
    Block = Annotated[Union[tuple(BLOCK_TYPES.classes.values())], Field(discriminator="type")]  # noqa: UP007
