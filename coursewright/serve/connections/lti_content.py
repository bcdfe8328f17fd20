"""Deep linking: what an instructor chose, told to the platform."""

from __future__ import annotations

from typing import Any

from pylti1p3.deep_link import DeepLink
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.lineitem import LineItem

from coursewright.serve.connections.lti import Platforms
from coursewright.serve.connections.lti_people import resources
from coursewright.serve.library import Library

CONTENT, DATA = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items", "https://purl.imsglobal.org/spec/lti-dl/claim/data"


def several(held: dict[str, Any]) -> bool:
    """Whether the platform takes more than one link at once."""
    return held["settings"].get("accept_multiple") in (True, "true")


def answer(platforms: Platforms, library: Library, base_url: str, held: dict[str, Any], chosen: list[str]) -> str:
    """The signed message of a choice. A test brings a line item; so does the whole course, where a test decides about credit."""
    registration = platforms.find_registration_by_params(held["iss"], held["client"])
    link = DeepLink(registration, held["deployment"], held["settings"])
    known = resources(library)
    graded = held["settings"].get("accept_lineitem", True) not in (False, "false")
    message = link.get_message_jwt([_item(library, base_url, resource, known[resource], graded) for resource in chosen])
    if "window" in held["settings"].get("accept_presentation_document_targets", ()):
        for item in message[CONTENT]:
            item["window"] = {"targetName": "_blank"}  # no browser keeps a window's cookies from it
    if message[DATA] is None:
        del message[DATA]
    return str(link.encode_jwt(message))


def _item(library: Library, base_url: str, resource: str, known: tuple[str, str], graded: bool) -> DeepLinkResource:
    title, path = known
    item = DeepLinkResource().set_title(title).set_url(base_url + path).set_custom_params({"resource": resource})
    if graded and (resource.startswith("test:") or (resource == "course" and library.final is not None)):
        item.set_lineitem(LineItem().set_label(title).set_score_maximum(100).set_resource_id(resource))
    return item
