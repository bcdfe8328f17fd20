"""Run the stories of all writers side by side: their tasks in worker processes, each result cached."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any

from coursewright.build.interrupts import undisturbed
from coursewright.build.store import Store
from coursewright.write import Result, Story, Task, Written

Progress = Callable[[str, int, int], None]  # (what was made, how many are done, how many are known)


def run_work(work: str, arguments: dict[str, Any]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """In a worker: import the function named `module:function` and call it."""
    module, _, name = work.partition(":")
    return getattr(importlib.import_module(module), name)(arguments)  # type: ignore[no-any-return]


@dataclass
class _Batch:
    """The tasks that one story waits for."""

    name: str
    story: Story
    results: list[Result | None]
    missing: set[int] = field(default_factory=set)


@dataclass
class Schedule:
    """Stories on their way. `made` counts tasks that were not in the cache, by title."""

    store: Store
    executor: Callable[[], Executor]
    progress: Progress = lambda title, done, known: None
    made: list[str] = field(default_factory=list)
    done: int = 0
    known: int = 0

    def run(self, stories: Mapping[str, Story]) -> dict[str, Written]:
        """Run stories to their ends. A worker's exception ends all of it, and is raised here."""
        written: dict[str, Written] = {}
        waiting: dict[Future[Any], list[tuple[_Batch, int]]] = {}
        titles: dict[Future[Any], tuple[str, str]] = {}
        by_key: dict[str, Future[Any]] = {}
        try:
            for name, story in stories.items():
                self._advance(name, story, None, waiting, titles, by_key, written)
            while waiting:
                finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    key, title = titles.pop(future)
                    by_key.pop(key, None)
                    result = self.store.put(key, *future.result())
                    self.made.append(title)
                    self._tell(title)
                    for batch, index in waiting.pop(future):
                        batch.results[index] = result
                        batch.missing.discard(index)
                        if not batch.missing:
                            self._advance(batch.name, batch.story, batch.results, waiting, titles, by_key, written)
        except BaseException:
            for future in waiting:
                future.cancel()
            raise
        return written

    def _advance(self, name: str, story: Story, results: Any, waiting: Any, titles: Any, by_key: Any, written: dict[str, Written]) -> None:
        """Hand a story its results and submit what it asks for next, until it must wait or ends."""
        while True:
            try:
                tasks = next(story) if results is None else story.send(results)
            except StopIteration as end:
                written[name] = end.value
                return
            batch = _Batch(name, story, [None] * len(tasks))
            self.known += len(tasks)
            for index, task in enumerate(tasks):
                key = self.store.key(task)
                found = self.store.get(key)
                # what was complained of may have been put right outside the course, by a library installed since
                if found is not None and not found.facts.get("warnings"):
                    batch.results[index] = found
                    self._tell(task.title)
                    continue
                if key not in by_key:
                    with undisturbed():  # a worker that is cut off while it starts says so at length
                        future = self.executor().submit(run_work, task.work, task.arguments)
                    by_key[key] = future
                    titles[future] = (key, task.title)
                    waiting[future] = []
                waiting[by_key[key]].append((batch, index))
                batch.missing.add(index)
            if batch.missing:
                return
            results = batch.results

    def _tell(self, title: str) -> None:
        self.done += 1
        self.progress(title, self.done, self.known)


def one_story(tasks: Iterable[Task], keep: list[Result]) -> Story:
    """A story of one batch, whose results are put into `keep`."""
    keep += yield list(tasks)
    return Written()


def worker_count(asked: int | None) -> int:
    """How many processes to use: what was asked for, or the processors that this process may run on."""
    if asked:
        return asked
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
