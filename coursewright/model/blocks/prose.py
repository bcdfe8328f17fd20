"""Running text."""

from __future__ import annotations

from typing import Literal

from coursewright.model.blocks.base import BLOCK_TYPES, BlockBase
from coursewright.model.prose import Prose as ProseText


@BLOCK_TYPES
class Prose(BlockBase):
    """Paragraphs, lists and subheadings in CommonMark."""

    type: Literal["prose"]
    text: ProseText
