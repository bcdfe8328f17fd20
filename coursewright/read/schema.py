"""JSON Schemas of the course files, from the same models that read them."""

from __future__ import annotations

from typing import Any

from coursewright.model.base import Sourced
from coursewright.model.claim import Ledger, SourceDocument
from coursewright.model.course import CourseInfo
from coursewright.model.glossary import Glossary
from coursewright.model.module import Closing, Module, Orientation
from coursewright.model.quiz import Bank, Blueprint
from coursewright.model.reference import References

KINDS: dict[str, type[Sourced]] = {
    "course": CourseInfo,
    "module": Module,
    "orientation": Orientation,
    "closing": Closing,
    "references": References,
    "glossary": Glossary,
    "source": SourceDocument,
    "claims": Ledger,
    "bank": Bank,
    "blueprint": Blueprint,
}


def schema_of(name: str) -> dict[str, Any]:
    """The schema of one kind of file, as JSON Schema 2020-12. Editors read plain scalars as YAML 1.2 does, so
    text may also be written as a number or a boolean."""
    schema = KINDS[name].model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_lenient(schema)}


def _lenient(schema: Any) -> Any:
    """Let `text: No` and `year: 2013` pass in an editor: our reader keeps them as text."""
    if isinstance(schema, list):
        return [_lenient(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _lenient(value) for key, value in schema.items()}
    if made.get("type") == "string" and not {"const", "enum", "pattern", "format"} & made.keys():
        made["type"] = ["string", "number", "boolean"]
    return made
