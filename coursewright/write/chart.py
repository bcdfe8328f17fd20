"""Task: a Vega-Lite specification to SVG with real text, in the house look, legible in black and white."""

from __future__ import annotations

import copy
import re
from typing import Any

INK, SOFT, RULE = "#1b2a33", "#4b5a63", "#c9d2d5"
#: dark to light, so that neighbours differ in grey as well as in hue
COLORS = ["#0b4f5c", "#c9802b", "#6f8f96", "#7a3b2e", "#b7c7a3", "#2f2a4a"]
PAGE_TYPE, SLIDE_TYPE, LARGE_TYPE = 11, 16, 12  # type sizes in charts, in pixels of a drawing of these widths; large print gives charts a page across
WIDTH = {PAGE_TYPE: 500, SLIDE_TYPE: 640, LARGE_TYPE: 500}


def _config(size: int) -> dict[str, Any]:
    """Vega-Lite's configuration for a type size."""
    words = {"labelFontSize": size, "titleFontSize": size, "labelColor": INK, "titleColor": INK, "labelLimit": size * 24}
    return {
        "font": "Source Sans 3",
        "background": "transparent",
        "padding": 2,
        "view": {"stroke": None, "continuousHeight": 210, "discreteHeight": {"step": round(size * 2.4)}},
        "axis": {**words, "titleFontWeight": 600, "domainColor": SOFT, "tickColor": SOFT, "gridColor": RULE, "gridDash": [1, 2], "titlePadding": 8},
        "axisY": {"grid": False},
        "axisX": {"grid": True, "titleAnchor": "end"},
        "legend": {**words, "symbolSize": 90, "orient": "bottom"},
        "header": words,
        "range": {"category": COLORS},
        "bar": {"color": COLORS[0]},
        "point": {"color": COLORS[0], "filled": True, "size": 60},
        "line": {"color": COLORS[0], "strokeWidth": 2},
        "rule": {"color": INK},
        "text": {"fontSize": size, "color": INK},
        "title": {"fontSize": size + 1, "color": INK, "anchor": "start"},
    }


def chart(arguments: dict[str, Any]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Draw `spec` as `chart.svg`, with words in `type` pixels. Facts: `warnings`, with the reason where it cannot be drawn (no file then)."""
    import vl_convert

    from coursewright.write.pdf.fonts import font_folders

    for folder in font_folders():
        vl_convert.register_font_directory(folder)
    spec = copy.deepcopy(arguments["spec"])
    spec.pop("config", None)
    if not {"facet", "hconcat", "vconcat", "concat", "repeat"} & spec.keys():
        # the whole drawing, labels included, gets the width of the text: type is then as large as that of tables
        spec["width"] = WIDTH[arguments["type"]]
        spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    try:
        svg = vl_convert.vegalite_to_svg(spec, config=_config(arguments["type"]), allowed_base_urls=[])
    except ValueError as error:
        said = [line.strip() for line in str(error).split("\n") if line.strip()]
        return {}, {"warnings": [" ".join(said[:2])[:300]]}
    return {"chart.svg": tidy(svg, f"{arguments['id']}-{arguments['type']}").encode()}, {"warnings": []}


def tidy(svg: str, prefix: str) -> str:
    """Ids made unique by a prefix, so that several charts can stand in one page; links and scripts taken out."""
    svg = re.sub(r"</?a\b[^>]*>|<script\b.*?</script\s*>", "", svg, flags=re.DOTALL | re.IGNORECASE)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', svg)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", svg)
