"""A boxed remark beside the running text."""

from __future__ import annotations

from typing import Literal

from coursewright.model.base import Phrase
from coursewright.model.blocks.base import BLOCK_TYPES, BlockBase
from coursewright.model.prose import Prose


@BLOCK_TYPES
class Callout(BlockBase):
    """A remark that stands out: its kind gives the label and the look."""

    type: Literal["callout"]
    kind: Literal["note", "caution", "evidence", "practice", "off-label", "correction", "key-point"]
    title: Phrase
    text: Prose
