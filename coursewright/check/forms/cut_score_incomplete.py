from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.cut import JUDGES
from coursewright.source.suggest import did_you_mean


@check("E405")
def cut_score_incomplete(course: Course) -> Iterator[Fault]:
    """A cut score lacks what its method needs.

    Why: without it nobody can say who passes.
    Example: `cut: {method: angoff}`
    Instead: `percent` for a fixed cut; `judges`, the name of a CSV in quizzes/judges/, for Angoff and Ebel; for Ebel also
    a `grid` with a percentage for every relevance and difficulty that judges used.
    """
    names = [path.removeprefix(f"{JUDGES}/") for path in course.judgements]
    for blueprint in course.blueprints:
        cut = blueprint.cut
        if cut.method == "fixed":
            if cut.percent is None:
                yield blueprint.at("cut"), f'the fixed cut score of "{blueprint.id}" has no percent', "add percent:, such as 80"
            continue
        if not cut.judges:
            yield blueprint.at("cut"), f'the {cut.method} cut score of "{blueprint.id}" names no judges', "add judges: with the name of a CSV in quizzes/judges/"
        elif cut.judges not in names:
            yield cut.at("judges"), f'there is no file "{JUDGES}/{cut.judges}"', did_you_mean(cut.judges, names) or "put the judges' CSV there"
        elif cut.method == "ebel":
            for rating in course.judgements[f"{JUDGES}/{cut.judges}"].ratings:
                row = next((cells for name, cells in cut.grid.items() if name == rating.relevance), {})
                if rating.difficulty not in row:
                    yield cut.at("grid"), f"the grid has no percentage for {rating.relevance}, {rating.difficulty} items", f"judges used it in line {rating.line}: add it to grid:"
                    break
