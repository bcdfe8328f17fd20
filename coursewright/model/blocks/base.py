"""What block types share."""

from __future__ import annotations

from coursewright.model.base import Kind, Sourced

BLOCK_TYPES = Kind()


class BlockBase(Sourced):
    """A block of a section. Its fields of Prose and Line are found by their types, so checks see text in any block."""
