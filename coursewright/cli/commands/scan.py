"""`scan`: read answer sheets from scans."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("scans", type=click.Path(path_type=Path, exists=True))
@click.option("--forms", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="the folder that forms wrote (default: the only one below forms/)")
@click.option("--roster", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="the learners by learner_id, for sheets without names")
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", help="processes to use (default: one a processor)")
@click.pass_obj
def command(course: Path, scans: Path, folder: Path | None, roster: Path | None, jobs: int | None) -> int:
    """Read the answer sheets in SCANS: a PDF, TIFF, PNG or JPEG, or a folder of them, in any order.

    Pages lie any way up; blank and foreign pages between them do no harm. What cannot be read without doubt is not
    guessed: it waits for `review`. Running it twice reads only what is new. `grade` takes it from there.
    """
    from coursewright.build.administration import READS, write_whole
    from coursewright.build.scan.gather import ROSTER, gathered
    from coursewright.build.scan.read import scan
    from coursewright.build.scan.store import DamagedStore, Reads
    from coursewright.cli.administration_folder import administration
    from coursewright.cli.day import now
    from coursewright.cli.progress import progress_bar
    from coursewright.plan.record import DamagedRecord
    from coursewright.read.roster import read_roster
    from coursewright.source.report import report

    place = administration(course, folder)
    faulty = False
    try:
        from coursewright.build.administration import load_record

        record = load_record(place)
        if roster is not None:
            read = read_roster(str(roster), roster.read_bytes(), ("given_name", "family_name", "learner_id"))
            if read.diagnostics:
                click.echo(report("full", read.diagnostics, {read.source.path: read.source}) + "\n", err=True)
            if any(d.severity == "error" for d in read.diagnostics):
                return 1
            write_whole(place / ROSTER, roster.read_bytes(), private=True)
        reads = Reads(place / READS)
        with progress_bar() as progress:
            done = scan(place, scans, reads, now, jobs, progress)
        found, pages = gathered(place, record, reads), reads.pages()
        reads.close()
    except (DamagedRecord, DamagedStore) as error:
        click.echo(f"error: {error}", err=True)
        return 1
    if done.diagnostics:
        faulty = True
        click.echo(report("full", done.diagnostics, {}) + "\n", err=True)
    kinds = ", ".join(f"{count} {name}" for name, count in sorted(done.kinds.items()))
    click.echo(f"{done.read} pages read{f' ({kinds})' if kinds else ''}, {done.known} known already")
    foreign = [page.place for page in pages if page.kind == "foreign"]
    if foreign:
        more = f" and {len(foreign) - 8} more" if len(foreign) > 8 else ""
        click.echo(f"no answer sheets, and left out: {'; '.join(foreign[:8])}{more}")
    waiting = len(found.questions)
    ready = sum(not sitting.pending for sitting in found.sittings)
    click.echo(f"{len(found.sittings)} of {len(record.copies)} sheets seen, {ready} ready to grade, {waiting} question{'s' if waiting != 1 else ''} for a person")
    if waiting:
        click.echo(f"decide them with: review --forms {place} --by YOUR-NAME")
    return int(faulty)
