"""How the quiz service bears load: 500 learners at once, each answering an item of the post-test every five seconds.

    .venv/bin/python benchmarks/serve.py [sqlite|postgresql|both] [--learners N] [--seconds N] [--ceiling]

`build.py serve` with two workers and Locust share the machine, on the loopback, with the course of this repository.
Learners sign in with codes laid into the database beforehand; since all come from one address, the limit of sign-ins
is set out of reach. Prints requests, failures and percentiles, of saves and of all, while the learners arrive (10 a
second) and afterwards; then compares every answer that was called saved with the database. --ceiling goes on, faster
step by step, until a save fails or the 95th percentile of saves is over 300 ms, and prints the last rate before that.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
GOAL_MS, EVERY, ARRIVALS = 300, 5.0, 10
FASTER = 1.25
TEST = "posttest"


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    good = True
    for name in ("sqlite", "postgresql") if options.database == "both" else (options.database,):
        with tempfile.TemporaryDirectory() as folder, _database(name) as url:
            good &= measure(name, Path(folder), url, options)
    return 0 if good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Load the quiz service.")
    parser.add_argument("database", nargs="?", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--learners", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=120, help="how long the learners answer at the steady rate")
    parser.add_argument("--ceiling", action="store_true", help="go on, faster and faster, until it is too much")
    parser.add_argument("--step", type=float, default=20, help="seconds of each faster step")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--course", type=Path, default=ROOT)
    return parser


@contextlib.contextmanager
def _database(name: str) -> Iterator[str]:
    """The URL of a database; nothing for the file that the service makes by itself."""
    if name == "sqlite":
        yield ""
        return
    from serve.postgres import Postgres

    cluster = Postgres()
    try:
        with cluster.database() as url:
            yield url
    finally:
        cluster.remove()


def measure(name: str, folder: Path, url: str, options: argparse.Namespace) -> bool:
    """One run on one database; whether the goal was met and nothing was lost."""
    from serve.served import Served

    settings = {"workers": options.workers, **({"threads": options.threads} if options.threads else {})}
    with Served(options.course, folder, url, **settings) as served:
        steps = [[EVERY, options.seconds]]
        if options.ceiling:
            steps += [[EVERY / FASTER**n, options.step] for n in range(1, 13)]
        told = {"codes": served.seed(options.learners), "learners": options.learners, "test": TEST, "steps": steps, "until": GOAL_MS if options.ceiling else 0, "results": str(folder / "results.json")}
        found = _locust(served.url, folder, told)
        good = _print(name, found["steps"], options)
        good &= found["arrived"] == options.learners
        good &= _compare(served, found["acknowledged"])
    print(flush=True)
    return good


def _locust(url: str, folder: Path, told: dict[str, Any]) -> dict[str, Any]:
    (folder / "load.json").write_text(json.dumps(told), "utf-8")
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "benchmarks" / "serve_locust.py"), "--headless", "--only-summary", "--host", url]
    command += ["--users", str(told["learners"]), "--spawn-rate", str(ARRIVALS), "--loglevel", "WARNING"]
    done = subprocess.run(command, env={**os.environ, "COURSEWRIGHT_LOAD": str(folder / "load.json")}, capture_output=True, text=True, check=False)
    if not Path(told["results"]).exists():
        raise SystemExit(f"Locust ended early:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(Path(told["results"]).read_text("utf-8"))
    return found


def percentile(times: list[float], share: float) -> float:
    """The least time that is not shorter than a share of all, in milliseconds."""
    ordered = sorted(times)
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)] if ordered else 0.0


def _print(name: str, steps: list[dict[str, Any]], options: argparse.Namespace) -> bool:
    arrival, steady, *faster = steps
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    print(f"{name}: {options.learners} learners, {options.workers} workers, {os.cpu_count()} cores; load average at the end {load}")
    for title, step in (("arriving", arrival), (f"every {EVERY:g} s", steady)):
        for kind in (*(sorted(step["times"]) if step is arrival else ("save", "attempt page")), "all"):
            _line(title, kind, step)
        for fault in sorted(set(step["faults"])):
            print(f"  {step['faults'].count(fault)} times {fault}")
    within, ceiling = percentile(steady["times"].get("save", []), 0.95), 0.0
    met = within < GOAL_MS and not arrival["faults"] and not steady["faults"]
    print(f"  goal (no failure, p95 of saves under {GOAL_MS} ms): {'met' if met else 'NOT MET'}")
    for step in (steady, *faster) if options.ceiling else ():
        rate = _line(f"asked {options.learners / step['interval']:.0f} a second", "save", step)
        if not step["faults"] and percentile(step["times"].get("save", []), 0.95) <= GOAL_MS:
            ceiling = rate
    if options.ceiling:
        print(f"  ceiling: {ceiling:.0f} saves a second with no failure and p95 under {GOAL_MS} ms; " + f"at most {max(_rate(step, 'save') for step in (steady, *faster)):.0f} a second were served")
    return met


def _rate(step: dict[str, Any], kind: str) -> float:
    return len(step["times"].get(kind, [])) / float(step["seconds"])


def _line(title: str, kind: str, step: dict[str, Any]) -> float:
    times = step["times"].get(kind, []) if kind != "all" else [time for all_ in step["times"].values() for time in all_]
    failed = sum(1 for fault in step["faults"] if kind == "all" or fault.startswith(f"{kind}:"))
    rate = len(times) / float(step["seconds"])
    figures = "  ".join(f"p{share * 100:g} {percentile(times, share):4.0f}" for share in (0.5, 0.95, 0.99))
    print(f"  {title:22} {kind:16} {len(times):6} requests  {rate:6.1f} a second  {failed} failed  {figures}  longest {max(times, default=0):.0f} ms")
    return rate


def _compare(served: Any, acknowledged: dict[str, dict[str, list[Any]]]) -> bool:
    """Whether the last of each answer that was called saved is in the database as it was, at the same revision."""
    from serve.faults import kept_answers

    database = served.database()
    try:
        kept = kept_answers(database)
    finally:
        database.close()
    last = {(attempt, item): tuple(noted) for attempt, items in acknowledged.items() for item, noted in items.items()}
    other = [place for place, noted in last.items() if kept.get(place) != noted]
    newer = sum(1 for place in other if place in kept and kept[place][1] > last[place][1])
    print(f"  the last acknowledged of each of {len(last)} answers compared with the database: {len(other)} not there as acknowledged ({newer} of them newer)")
    return not other


if __name__ == "__main__":
    sys.exit(main())
