"""What the published binding of QTI 2.1 allows of the elements that are exported, restated as a table.

The published schemas themselves cannot be had from a package registry, so the content models here were written down from
them: an element, its attributes (`!` where one is required), and its content as an expression over names. `#` allows text.
QTI 3.0 has the same models under other names, and one difference, content bodies, which is stated at its place.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree
from qti_interpreter import name

BLOCK = "p|h1|h2|h3|h4|h5|h6|pre|ul|ol|blockquote|hr|div"
INLINE = "em|strong|code|a|br|sup"
INTERACTION = "choiceInteraction|orderInteraction|matchInteraction"
EXPRESSION = "variable|correct|baseValue|mapResponse|isNull|or|and|not|index|match|stringMatch|gte|lte|sum|product|divide|testVariables"
RULE = "setOutcomeValue|responseCondition"
FLOW = f"{BLOCK}|{INLINE}"

BOOLEAN, WHOLE, NUMBER = "true|false", r"\d+", r"-?\d+(\.\d+)?"
ID, IDS, TEXT = r"[A-Za-z_][\w.-]*", r"[A-Za-z_][\w.-]*( [A-Za-z_][\w.-]*)*", r"(?s).*"
BASE = "boolean|directedPair|float|identifier|integer|string"
CARDINALITY = "single|multiple|ordered"

#: element → (content, attributes)
MODELS: dict[str, tuple[str, dict[str, str]]] = {
    "assessmentItem": (
        "responseDeclaration* outcomeDeclaration* itemBody? responseProcessing? modalFeedback*",
        {"identifier!": TEXT, "title!": TEXT, "adaptive!": BOOLEAN, "timeDependent!": BOOLEAN, "lang": TEXT, "schemaLocation": TEXT},
    ),
    "responseDeclaration": ("defaultValue? correctResponse? mapping?", {"identifier!": ID, "cardinality!": CARDINALITY, "baseType": BASE}),
    "outcomeDeclaration": ("defaultValue?", {"identifier!": ID, "cardinality!": CARDINALITY, "baseType": BASE, "normalMaximum": NUMBER}),
    "defaultValue": ("value+", {}),
    "correctResponse": ("value+", {}),
    "value": ("#", {}),
    "mapping": ("mapEntry+", {"lowerBound": NUMBER, "upperBound": NUMBER, "defaultValue!": NUMBER}),
    "mapEntry": ("", {"mapKey!": TEXT, "mappedValue!": NUMBER}),
    "itemBody": (f"({BLOCK}|{INTERACTION}|feedbackBlock)*", {}),
    "feedbackBlock": (f"({BLOCK})*", {"outcomeIdentifier!": ID, "showHide!": "show|hide", "identifier!": ID}),
    "choiceInteraction": ("prompt? simpleChoice+", {"responseIdentifier!": ID, "shuffle!": BOOLEAN, "maxChoices!": WHOLE, "minChoices": WHOLE}),
    "orderInteraction": ("prompt? simpleChoice+", {"responseIdentifier!": ID, "shuffle!": BOOLEAN}),
    "matchInteraction": ("prompt? simpleMatchSet simpleMatchSet", {"responseIdentifier!": ID, "shuffle!": BOOLEAN, "maxAssociations!": WHOLE}),
    "simpleMatchSet": ("simpleAssociableChoice*", {}),
    "simpleChoice": (f"#({FLOW})*", {"identifier!": ID, "fixed": BOOLEAN}),
    "simpleAssociableChoice": (f"#({FLOW})*", {"identifier!": ID, "fixed": BOOLEAN, "matchMax!": WHOLE}),
    "prompt": (f"#({INLINE})*", {}),
    "textEntryInteraction": ("", {"responseIdentifier!": ID, "expectedLength": WHOLE}),
    "responseProcessing": (f"({RULE})*", {}),
    "responseCondition": ("responseIf responseElseIf* responseElse?", {}),
    "responseIf": (f"({EXPRESSION}) ({RULE})*", {}),
    "responseElseIf": (f"({EXPRESSION}) ({RULE})*", {}),
    "responseElse": (f"({RULE})*", {}),
    "setOutcomeValue": (f"({EXPRESSION})", {"identifier!": ID}),
    "modalFeedback": (f"#({FLOW})*", {"outcomeIdentifier!": ID, "showHide!": "show|hide", "identifier!": ID}),
    "variable": ("", {"identifier!": ID}),
    "correct": ("", {"identifier!": ID}),
    "mapResponse": ("", {"identifier!": ID}),
    "baseValue": ("#", {"baseType!": BASE}),
    "testVariables": ("", {"variableIdentifier!": ID}),
    "index": (f"({EXPRESSION})", {"n!": r"[1-9]\d*"}),
    "isNull": (f"({EXPRESSION})", {}),
    "not": (f"({EXPRESSION})", {}),
    **{operator: (f"({EXPRESSION})+", {}) for operator in ("and", "or", "sum", "product")},
    **{operator: (f"({EXPRESSION}) ({EXPRESSION})", {}) for operator in ("match", "gte", "lte", "divide")},
    "stringMatch": (f"({EXPRESSION}) ({EXPRESSION})", {"caseSensitive!": BOOLEAN}),
    "assessmentTest": ("outcomeDeclaration* timeLimits? testPart+ outcomeProcessing?", {"identifier!": TEXT, "title!": TEXT, "schemaLocation": TEXT}),
    "timeLimits": ("", {"maxTime": NUMBER}),
    "testPart": (
        "itemSessionControl? timeLimits? assessmentSection+",
        {"identifier!": ID, "navigationMode!": "linear|nonlinear", "submissionMode!": "individual|simultaneous"},
    ),
    "itemSessionControl": ("", {"maxAttempts": WHOLE, "showFeedback": BOOLEAN, "allowReview": BOOLEAN}),
    "assessmentSection": (
        "rubricBlock* (assessmentSection|assessmentItemRef)*",
        {"identifier!": ID, "title!": TEXT, "visible!": BOOLEAN, "keepTogether": BOOLEAN},
    ),
    "assessmentItemRef": ("", {"identifier!": ID, "href!": r"\.\./items/[\w.-]+\.xml", "category": IDS}),
    "rubricBlock": (f"({BLOCK})*", {"view!": "candidate"}),
    "outcomeProcessing": ("setOutcomeValue*", {}),
    **{tag: (f"#({INLINE})*", {}) for tag in ("h1", "h2", "h3", "h4", "h5", "h6", "pre", "em", "strong", "code", "sup")},
    "p": (f"#({INLINE}|textEntryInteraction)*", {}),
    "a": (f"#({INLINE})*", {"href!": TEXT}),
    "div": (f"#({FLOW})*", {"class": TEXT}),
    "ul": ("li*", {}),
    "ol": ("li*", {}),
    "li": (f"#({FLOW})*", {}),
    "blockquote": (f"({BLOCK})*", {}),
    "br": ("", {}),
    "hr": ("", {}),
}
#: where QTI 3.0 holds the text of these in an element of its own
WRAPPED = {"feedbackBlock", "modalFeedback", "rubricBlock"}


def faults(data: bytes) -> list[str]:
    """What a document has that the binding does not allow."""
    root = etree.fromstring(data)
    three = "imsqtiasi_v3p0" in (etree.QName(root).namespace or "")
    return [fault for element in root.iter() for fault in _faults(element, three)]


def _faults(element: Any, three: bool) -> list[str]:
    tag = name(element)
    if tag == "contentBody" and three:
        content, attributes = MODELS[name(element.getparent())][0], {}
    elif tag in MODELS:
        content, attributes = MODELS[tag]
        if three and tag in WRAPPED:
            content = "contentBody"
        if three and tag == "rubricBlock":
            attributes = attributes | {"use!": "instructions"}
    else:
        return [f"no element {tag}"]
    spelled = element.tag.rpartition("}")[2]
    is_html = tag in {*BLOCK.split("|"), *INLINE.split("|"), "li"}
    found = [] if spelled.startswith("qti-") == (three and not is_html) else [f"{spelled} is spelled as in the other version"]
    found += [] if etree.QName(element).namespace == etree.QName(element.getroottree().getroot()).namespace else [f"{tag} is of another namespace"]
    if not content.startswith("#") and ((element.text or "").strip() or any((child.tail or "").strip() for child in element)):
        found.append(f"{tag} may not hold text")
    given = "".join(f"{name(child)} " for child in element)
    if not re.fullmatch(_pattern(content.lstrip("#")), given):
        found.append(f"{tag} may not hold {given.strip() or 'nothing'}")
    return found + _attributes(element, tag, attributes)


def _pattern(content: str) -> str:
    """`a b* (c|d)+` as a pattern over names that each end in a space."""
    return "".join(re.sub(r"\w+", lambda word: f"(?:{word[0]}~)", content).split()).replace("~", " ")


def _attributes(element: Any, tag: str, allowed: dict[str, str]) -> list[str]:
    given = {re.sub(r"-([a-z])", lambda f: f[1].upper(), etree.QName(key).localname): value for key, value in element.attrib.items()}
    found = [f"{tag} needs {key[:-1]}" for key in allowed if key.endswith("!") and key[:-1] not in given]
    for key, value in given.items():
        wanted = allowed.get(key, allowed.get(key + "!"))
        if wanted is None:
            found.append(f"{tag} has no attribute {key}")
        elif not re.fullmatch(wanted, value):
            found.append(f"{tag} may not have {key}={value!r}")
    return found
