"""Certificates: a page a learner, with a QR code that carries a signed statement."""

from __future__ import annotations

from io import BytesIO

import segno

from coursewright.plan.certificate import Certificate
from coursewright.write import Task
from coursewright.write.html import svg_data_uri
from coursewright.write.packet import Packet, nowhere


def certificate_task(packet: Packet, certificate: Certificate, token: str, page: str = "") -> Task:
    """The task of laying out a certificate whose code holds `token`; `page`: of a web address, where it can be looked up."""
    code = svg_data_uri(qr_svg(f"{page}#{token}" if page else token))
    html = packet.html("certificate/certificate.html.j2", nowhere, certificate=certificate, code=code, page=page)
    return packet.lay_out(f"certificate {certificate.serial}", html)


def qr_svg(text: str) -> str:
    """A QR code as SVG, with the quiet zone that readers need. Raises segno.DataOverflowError for too long a text."""
    made = BytesIO()
    segno.make(text, error="m", micro=False, boost_error=False).save(made, kind="svg", border=4, xmldecl=False, dark="#000000", light="#ffffff")
    return made.getvalue().decode()
