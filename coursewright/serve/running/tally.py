"""What workers count together, in memory that they share.

The memory is made before workers are forked. Each worker adds to a stripe of its own, so that none waits for another;
the total is the sum over all stripes. A worker that takes the place of one that ended goes on in its stripe, so that a
total never falls. No file is involved: a full disk does not stop a worker that counts.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Hashable, Iterable

import numpy as np


class Tally:
    """Totals by name. Names are known beforehand; one that is not is not counted."""

    def __init__(self, names: Iterable[Hashable], stripes: int = 1) -> None:
        self.index = {name: number for number, name in enumerate(dict.fromkeys(names))}
        width = max(len(self.index), 1)
        memory = mmap.mmap(-1, stripes * width * 8)
        self._numbers = np.frombuffer(memory, dtype=np.float64).reshape(stripes, width)
        self._free = set(range(1, stripes))
        self._mine = self._numbers[0]
        self._lock = threading.Lock()

    def reserve(self) -> int:
        """In the parent: a stripe for a worker that is about to be forked."""
        return self._free.pop() if self._free else 0

    def give_back(self, stripe: int) -> None:
        """In the parent: the worker that had this stripe has ended."""
        if stripe:
            self._free.add(stripe)

    def take(self, stripe: int) -> None:
        """In a worker: count in this stripe from now on."""
        self._mine = self._numbers[stripe]
        self._lock = threading.Lock()

    def add(self, *counts: tuple[Hashable, float]) -> None:
        """Add to totals of this process."""
        with self._lock:
            for name, amount in counts:
                number = self.index.get(name)
                if number is not None:
                    self._mine[number] += amount

    def totals(self) -> dict[Hashable, float]:
        """What all processes counted, where it is not nothing."""
        sums = self._numbers.sum(axis=0)
        return {name: float(sums[number]) for name, number in self.index.items() if sums[number]}
