"""Certificates for a roster: read, check who passed, sign, lay out, write."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coursewright.build.administration import write_whole
from coursewright.build.forms import file_name
from coursewright.build.make import laid_out, template_folders
from coursewright.build.schedule import Progress
from coursewright.build.signing import public_pem, sign
from coursewright.model.course import Course
from coursewright.model.credit import final_form
from coursewright.plan.certificate import Certificate, credit_hours, plan_bar, plan_certificate
from coursewright.read.roster import Learner, Roster
from coursewright.source.diagnostic import Diagnostic, fault
from coursewright.source.span import Span
from coursewright.write.certificates import certificate_task
from coursewright.write.html import Templates
from coursewright.write.packet import Options, Packet

PUBLIC = "public-key.pem"


@dataclass
class Certified:
    """What was made: certificates with the names of their files, and why some learners have none."""

    certificates: list[tuple[Certificate, str]] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


@fault("W523")
def not_passed(name: str, reason: str) -> tuple[str, str]:
    """A learner of the roster gets no certificate: the score is missing, or below what it takes to pass.

    Why: credit may be given only where the minimum performance level was reached. Where the roster is a gradebook of
    `grade`, its column `passed` decides, for forms may differ in what it takes to pass.
    Instead: nothing, where the score is right; else correct `score_percent` in the roster, or grade again.
    """
    return f"{name} gets no certificate: {reason}", "correct the roster, if it is wrong"


def passed(course: Course, roster: Roster) -> tuple[list[Learner], list[Diagnostic]]:
    """The learners who reached the minimum performance level, and a word on those who did not."""
    bar, final = plan_bar(course), final_form(course)
    kept, found = [], []
    for learner in roster.learners:
        span = Span(roster.source.path, learner.line, 1, learner.line, max(2, len(roster.source.line(learner.line)) + 1))
        if bar is None or final is None:
            kept.append(learner)
        elif learner.passed and learner.test not in ("", final.id):
            found.append(not_passed(span, learner.name, f"this is a result of {learner.test}, and {final.id} decides about credit"))
        elif learner.passed == "pending":
            found.append(not_passed(span, learner.name, "the result is pending"))
        elif learner.passed == "no":
            found.append(not_passed(span, learner.name, "the gradebook says that the form was not passed"))
        elif learner.passed == "yes":
            kept.append(learner)
        elif learner.score_percent is None:
            found.append(not_passed(span, learner.name, "there is no score"))
        elif not bar.passes(learner.score_percent):
            found.append(not_passed(span, learner.name, f"{learner.score_percent}% is below {bar.needed} of {bar.points} points"))
        else:
            kept.append(learner)
    return kept, found


def certify(
    course: Course, root: Path, roster: Roster, key: Ed25519PrivateKey, out: Path, paper: str, jobs: int | None = None, progress: Progress = lambda *_: None
) -> Certified:
    """Write one PDF a learner into `out`, and the public key beside them. Raises OSError; what was whole stays whole."""
    learners, found = passed(course, roster)
    made = Certified(diagnostics=[*roster.diagnostics, *found])
    hours = credit_hours(course)
    certificates = [plan_certificate(course, learner, hours) for learner in learners]
    out.mkdir(parents=True, exist_ok=True)
    packet = Packet(course, Templates(template_folders(root)), Options(paper=paper), texts=(roster.source.text, course.info.title))
    pages = laid_out(packet, lambda: [certificate_task(packet, c, sign(key, c.statement)) for c in certificates], jobs, progress)
    for certificate, (data, result) in zip(certificates, pages, strict=True):
        learner = certificate.learner
        name = f"{file_name(f'{learner.family_name} {learner.given_name}', 'learner')}-{certificate.serial}.pdf"
        write_whole(out / name, data)
        made.certificates.append((certificate, name))
        made.diagnostics += packet.complaints(name, result)
    write_whole(out / PUBLIC, public_pem(key))
    return made
