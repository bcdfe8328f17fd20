"""How long it takes from the sign-in page to the first answer that is called saved, in a real browser on loopback.

    .venv/bin/python benchmarks/first_answer.py [--runs 9]

The service runs as it does in production, as processes of its own. Each run is a learner who has not been here before, with an empty browser cache: the personal link, one press, the page
of disclosures, the start, the post-test, its start, the first answer. Printed in milliseconds: the machine's part, from
the press of *Start* to *saved*, and the whole way, without the time that people take to read.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import click
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]


@click.command()
@click.option("--runs", type=click.IntRange(1, 99), default=9, show_default=True)
def main(runs: int) -> None:
    from sqlalchemy import update

    from coursewright.serve.store.tables import Person
    from tests.serve.served import Served

    with tempfile.TemporaryDirectory() as folder, Served(ROOT, Path(folder), policy={"requires": []}) as served:
        codes, database = served.seed(runs + 1), served.database()
        database.write(lambda session: session.execute(update(Person).values(started_at=None)))
        database.close()
        whole, part = [], []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            for n, code in enumerate(codes):
                context = browser.new_context(viewport={"width": 390, "height": 844})
                page = context.new_page()
                start = time.perf_counter()
                page.goto(f"{served.url}/s/{code}")
                page.click("main form button")
                page.click("form[action$='/course/start'] button")
                page.goto(f"{served.url}/tests/posttest")
                begun = time.perf_counter()
                page.click("form[action$='/start'] button")
                page.locator("section.item input[type=radio]").first.check()
                page.wait_for_selector("#saved.good")
                if n:  # the first one starts a browser's and a worker's engines
                    part.append(1000 * (time.perf_counter() - begun))
                    whole.append(1000 * (time.perf_counter() - start))
                context.close()
            browser.close()
    for name, values in (("from Start to the first answer saved", part), ("from the personal link to the first answer saved", whole)):
        click.echo(f"{name}: median {statistics.median(values):.0f} ms, least {min(values):.0f}, most {max(values):.0f} ({runs} runs)")


if __name__ == "__main__":
    main()
