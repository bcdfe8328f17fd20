"""QTI tests and packages: a test for each practice bank and each form, a manifest, and all of it in a zip."""

from __future__ import annotations

from itertools import groupby

from coursewright.plan.form import Form
from coursewright.plan.lms import LmsBank, LmsPlan, decimal
from coursewright.source.diagnostic import Diagnostic
from coursewright.write.lms import Exported, losses
from coursewright.write.lms.markup import Element, Markup
from coursewright.write.lms.package import Resource, document, identifier, manifest, zipped
from coursewright.write.lms.qti import Dialect
from coursewright.write.lms.qti_item import write_item


def write_package(dialect: Dialect, plan: LmsPlan) -> Exported:
    """All items, a test for each practice bank, one for each form, and the manifest that names them."""
    files: dict[str, bytes] = {"imsmanifest.xml": b""}
    resources: list[Resource] = []
    found: list[Diagnostic] = []
    for entry in plan.entries.values():
        path = f"items/{entry.item.id}.xml"
        files[path], lost = write_item(dialect, plan, entry)
        found += lost
        resources.append(Resource(_item_resource(entry.item.id), dialect.item_type, path))
    for bank in plan.banks:
        found += _cases(dialect, bank)
        if bank.pool == "practice":
            _add(files, resources, dialect, bank.id, _practice(dialect, bank), [e.item.id for e in bank.entries])
    for form in plan.forms:
        if not form.blueprint.shuffle_options:
            found.append(losses.form_not_held(form.blueprint.at("shuffle_options"), form.blueprint.id, dialect.name, "that its options are not shuffled"))
        _add(files, resources, dialect, f"form-{form.blueprint.id}", _form(dialect, plan, form), [a.question.id for a in form.sheet.asked])
    files["imsmanifest.xml"] = manifest(
        f"course-{plan.info.id}", dialect.package_namespace, dialect.package_location, dialect.package_schema, tuple(resources)
    )
    return Exported(f"{dialect.ending}.zip", zipped(files), tuple(found))


def _add(files: dict[str, bytes], resources: list[Resource], dialect: Dialect, name: str, test: bytes, items: list[str]) -> None:
    path = f"tests/{name}.xml"
    files[path] = test
    resources.append(Resource(f"test-{name}", dialect.test_type, path, tuple(_item_resource(id_) for id_ in items)))


def _item_resource(id_: str) -> str:
    return f"item-{id_}"


def _cases(dialect: Dialect, bank: LmsBank) -> list[Diagnostic]:
    clusters = [group for group in bank.groups if group and group[0].case]
    return [losses.case_repeated(group[0].item.at(), group[0].case_id, dialect.name, len(group)) for group in clusters]


def _practice(dialect: Dialect, bank: LmsBank) -> bytes:
    """Each item by itself, with its feedback, as often as a learner likes."""
    root, section = _test(dialect, bank.id, bank.title, "individual", feedback=True)
    for group in bank.groups:
        _group(dialect, section, group[0].case_id, [entry.item.id for entry in group], bank.entries[0].module.id)
    return _finish(dialect, root)


def _form(dialect: Dialect, plan: LmsPlan, form: Form) -> bytes:
    """The form as it was drawn: all answers handed in together, time and cut score included, no feedback."""
    blueprint = form.blueprint
    root, section = _test(dialect, f"form-{blueprint.id}", blueprint.title, "simultaneous", feedback=False, minutes=blueprint.minutes)
    if blueprint.instructions:
        use = {"use": "instructions"} if dialect.wraps_content else {}  # 3.0 wants it named, the first schemas of 2.1 do not know it
        rubric = dialect.content(dialect.add(section, "rubricBlock", view="candidate", **use))
        Markup(plan.cited, dialect.namespace, any_start=False).blocks(rubric, blueprint.instructions.blocks)
    for case_id, asked in groupby(form.sheet.asked, lambda a: plan.entries[a.question.id].case_id or a.question.id):
        ids = [a.question.id for a in asked]
        _group(dialect, section, case_id if plan.entries[ids[0]].case_id else "", ids, "")
    return _finish(dialect, root, decimal(form.cut_points))


def _test(dialect: Dialect, name: str, title: str, submission: str, *, feedback: bool, minutes: int | None = None) -> tuple[Element, Element]:
    root = dialect.root("assessmentTest", "", identifier=name, title=title)
    _declare(dialect, root, "SCORE", "float", "0")
    if minutes:
        dialect.add(root, "timeLimits", maxTime=str(minutes * 60))
    part = dialect.add(root, "testPart", identifier="part-1", navigationMode="nonlinear", submissionMode=submission)
    again = {"maxAttempts": "0"} if feedback else {"maxAttempts": "1"}
    dialect.add(part, "itemSessionControl", **again, showFeedback="true" if feedback else "false", allowReview="true" if feedback else "false")
    return root, dialect.add(part, "assessmentSection", identifier="section-1", title=title, visible="true")


def _group(dialect: Dialect, section: Element, case_id: str, ids: list[str], category: str) -> None:
    """The items of one case stay together, in a section of their own."""
    if case_id:
        section = dialect.add(section, "assessmentSection", identifier=f"case-{case_id}", title=case_id, visible="false", keepTogether="true")
    for id_ in ids:
        named = {"category": identifier(category)} if category else {}
        dialect.add(section, "assessmentItemRef", identifier=identifier(id_), href=f"../items/{id_}.xml", **named)


def _declare(dialect: Dialect, root: Element, name: str, type_: str, default: str) -> None:
    made = dialect.add(root, "outcomeDeclaration", identifier=name, cardinality="single", baseType=type_)
    dialect.add(dialect.add(made, "defaultValue"), "value", default)


def _finish(dialect: Dialect, root: Element, cut: str = "") -> bytes:
    """Outcome processing: the sum of the items' scores, and whether it reaches the cut score."""
    processing = dialect.add(root, "outcomeProcessing")
    total = dialect.add(dialect.add(processing, "setOutcomeValue", identifier="SCORE"), "sum")
    dialect.add(total, "testVariables", variableIdentifier="SCORE")
    if cut:
        _declare(dialect, root, "PASS", "boolean", "false")
        root.insert(1, root[-1])
        compare = dialect.add(dialect.add(processing, "setOutcomeValue", identifier="PASS"), "gte")
        dialect.add(compare, "variable", identifier="SCORE")
        dialect.add(compare, "baseValue", cut, baseType="float")
    return document(root)
