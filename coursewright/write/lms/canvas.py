"""Canvas: QTI 1.2 in the flavor that its importer of classic quizzes takes, a quiz for each bank and form.

Source: Canvas's importer (gems/plugins/qti_exporter) and its scoring of quizzes (app/models/quizzes/quiz_question).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from lxml import etree

from coursewright.model.interaction import Choice, Match, Order
from coursewright.model.prose import ProseBlock
from coursewright.plan.lms import Entry, LmsPlan, decimal, keeps_order, stays_in_place
from coursewright.source.diagnostic import Diagnostic
from coursewright.write.lms import Exported, lms_format, losses
from coursewright.write.lms.canvas_item import CanvasItem, add
from coursewright.write.lms.markup import Element, Markup
from coursewright.write.lms.package import Resource, manifest, root_element, zipped

NAMESPACE = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
LOCATION = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2p1.xsd"
PACKAGE = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
META = "http://canvas.instructure.com/xsd/cccv1p0"
META_TYPE = "associatedcontent/imscc_xmlv1p1/learning-application-resource"


@dataclass(frozen=True)
class Quiz:
    """A quiz of Canvas: a practice bank, the items of an exam pool, or a form."""

    id: str
    title: str
    entries: tuple[Entry, ...]
    interactions: tuple[Choice | Match | Order | None, ...]
    graded: bool
    shuffled: bool = True
    instructions: tuple[ProseBlock, ...] = ()
    minutes: int | None = None

    @property
    def points(self) -> Fraction:
        return sum((entry.question.points for entry in self.entries), Fraction(0))

    @property
    def fixed(self) -> Entry | None:
        """The first item whose options must keep their order. Canvas never shuffles true and false, nor matching."""
        for entry in self.entries:
            interaction = entry.question.interaction
            if not isinstance(interaction, Choice) or {a.id for a in interaction.alternatives} == {"true", "false"}:
                continue
            if keeps_order(interaction) or any(map(stays_in_place, interaction.alternatives)):
                return entry
        return None


@lms_format("canvas")
def write_canvas(plan: LmsPlan) -> Exported:
    """One zip for Settings > Import Course Content > QTI .zip file."""
    files: dict[str, bytes] = {"imsmanifest.xml": b""}
    resources: list[Resource] = []
    found: dict[Diagnostic, None] = {}
    for quiz in _quizzes(plan):
        assessment, lost = _assessment(plan, quiz)
        path, meta = f"{quiz.id}/{quiz.id}.xml", f"{quiz.id}/assessment_meta.xml"
        files[path], files[meta] = assessment, _meta(plan, quiz)
        resources.append(Resource(quiz.id, "imsqti_xmlv1p2", path, (f"{quiz.id}-meta",), linked=False))
        resources.append(Resource(f"{quiz.id}-meta", META_TYPE, meta))
        found |= dict.fromkeys(lost)
    for bank in plan.banks:
        clusters = [group for group in bank.groups if group[0].case]
        found |= dict.fromkeys(losses.case_repeated(g[0].item.at(), g[0].case_id, "Canvas", len(g)) for g in clusters)
    for form in plan.forms:
        lost_of_form = f"its cut score of {decimal(form.cut_points)} of {decimal(form.sheet.points)} points"
        found[losses.form_not_held(form.blueprint.at("cut"), form.blueprint.id, "Canvas", lost_of_form)] = None
    files["imsmanifest.xml"] = manifest(
        f"course-{plan.info.id}", PACKAGE, "http://www.imsglobal.org/xsd/imscp_v1p1.xsd", ("IMS Content", "1.1.3"), tuple(resources)
    )
    return Exported("canvas.zip", zipped(files), tuple(found))


def _quizzes(plan: LmsPlan) -> Iterator[Quiz]:
    for bank in plan.banks:
        yield Quiz(bank.id, bank.title, bank.entries, (None,) * len(bank.entries), graded=bank.pool == "exam")
    for form in plan.forms:
        blueprint, asked = form.blueprint, form.sheet.asked
        entries = tuple(plan.entries[a.question.id] for a in asked)
        drawn = tuple(a.question.interaction if isinstance(a.question.interaction, Choice | Match | Order) else None for a in asked)
        text = blueprint.instructions.blocks if blueprint.instructions else ()
        yield Quiz(f"form-{blueprint.id}", blueprint.title, entries, drawn, True, blueprint.shuffle_options, text, blueprint.minutes)


def _assessment(plan: LmsPlan, quiz: Quiz) -> tuple[bytes, list[Diagnostic]]:
    root = root_element("questestinterop", NAMESPACE, LOCATION)
    assessment = add(root, "assessment", ident=quiz.id, title=quiz.title)
    field = add(add(assessment, "qtimetadata"), "qtimetadatafield")
    add(field, "fieldlabel", "cc_maxattempts")
    add(field, "fieldentry", "1" if quiz.graded else "unlimited")
    section = add(assessment, "section", ident="root_section")
    found: list[Diagnostic] = []
    for entry, interaction in zip(quiz.entries, quiz.interactions, strict=True):
        found += CanvasItem(plan, entry, interaction, quiz.id).write(section)
    if quiz.fixed and quiz.shuffled:
        found.append(losses.options_not_shuffled(quiz.fixed.item.at(), quiz.fixed.item.id, quiz.title))
    return _bytes(root, NAMESPACE), found


def _meta(plan: LmsPlan, quiz: Quiz) -> bytes:
    """The settings of a quiz. It arrives unpublished."""
    root = root_element("quiz", META, "https://canvas.instructure.com/xsd/cccv1p0.xsd")
    root.set("identifier", quiz.id)
    add(root, "title", quiz.title)
    add(root, "description", Markup(plan.cited).html(quiz.instructions))
    add(root, "shuffle_answers", "false" if quiz.fixed or not quiz.shuffled else "true")
    add(root, "scoring_policy", "keep_highest")
    add(root, "hide_results", "always" if quiz.graded else "")  # feedback tells the key: an educator opens it after the test
    add(root, "quiz_type", "assignment" if quiz.graded else "practice_quiz")
    add(root, "points_possible", decimal(quiz.points))
    add(root, "show_correct_answers", "false" if quiz.graded else "true")
    add(root, "could_be_locked", "false")
    if quiz.minutes:
        add(root, "time_limit", str(quiz.minutes))
    add(root, "allowed_attempts", "1" if quiz.graded else "-1")
    add(root, "one_question_at_a_time", "false")
    add(root, "cant_go_back", "false")
    add(root, "available", "false")
    add(root, "module_locked", "false")
    return _bytes(root, META)


def _bytes(root: Element, namespace: str) -> bytes:
    for element in root.iter():
        if isinstance(element.tag, str) and not element.tag.startswith("{"):
            element.tag = f"{{{namespace}}}{element.tag}"
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"
