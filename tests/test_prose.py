"""Prose: citations, terms, typography, and nothing that an author writes becomes markup."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursewright.model.prose import Cite, Line, Prose
from coursewright.plan.numbering import Numbering
from coursewright.write.prose_html import ProseHtml

NUMBERING = Numbering({}, {}, {}, {}, {"a": 1, "b": 2, "c": 3, "d": 5}, {"hand rub": "hand-rub"})
ALLOWED = {"p", "em", "strong", "code", "pre", "a", "sup", "ul", "ol", "li", "blockquote", "hr", "br", "span", "h1", "h2", "h3", "h4", "h5", "h6"}


def html(text: str, linked: bool = True) -> str:
    return str(ProseHtml(NUMBERING, lambda anchor: f"#{anchor}" if linked else None).block(Prose.parse(text)))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("x [@a]", "1"),
        ("x [@b; @a]", "1,2"),
        ("x [@a; @b; @c]", "1–3"),
        ("x [@a; @b; @c; @d]", "1–3,5"),
        ("x [@a, @c]", "1,3"),
    ],
)
def test_citations_become_numbers_in_the_style_of_the_ama(text: str, numbers: str) -> None:
    (found,) = re.findall(r"<sup.*?</sup>", html(text, linked=False))
    assert re.sub(r"<.*?>", "", found) == numbers


def test_a_number_stands_after_a_full_stop_and_without_a_space() -> None:
    assert re.sub(r"<.*?>", "", html("Words [@a].", linked=False)) == "Words.1"


def test_a_citation_leads_to_its_reference_and_stays_with_its_word() -> None:
    made = html("Some words [@a]")
    assert '<a href="#ref-a">1</a>' in made
    assert '<span class="held">words<sup' in made


def test_a_term_leads_to_the_glossary_under_the_words_shown() -> None:
    assert 'href="#term-hand-rub">rubs</a>' in html("Use [[Hand rub|rubs]].")


def test_quotes_and_dashes_become_the_typographers() -> None:
    assert Prose.parse('He said "it\'s" -- so').plain == "He said “it’s” – so"


def test_a_line_is_one_paragraph() -> None:
    assert isinstance(Line.validate("one [@a]").children[-1], Cite)
    with pytest.raises(Exception, match="single paragraph"):
        Line.validate("one\n\ntwo")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>)",
        "![x](https://example.org/x.png)",
        "[[<b>|<script>]]",
        "&lt;script&gt;",
        '[x](https://example.org/"onmouseover="alert)',
        "`</code><script>`",
        "<https://example.org/<script>>",
    ],
)
def test_text_puts_no_markup_of_its_own_into_a_page(text: str) -> None:
    made = html(text)
    assert set(re.findall(r"<\s*/?\s*([a-zA-Z0-9]+)", made)) <= ALLOWED
    assert not re.search(r"<[^>]*\son\w+\s*=", made)
    assert not re.search(r'href="(?!https?:|mailto:|#)', made)


@given(st.text(alphabet=st.sampled_from(list("<>&\"'`[]()!*_@:;#/\\ \n-ab")), max_size=60))
def test_no_text_at_all_makes_another_element(text: str) -> None:
    made = html(text)
    assert set(re.findall(r"<\s*/?\s*([a-zA-Z0-9]+)", made)) <= ALLOWED
    assert not re.search(r'href="(?!https?:|mailto:|#)', made, re.IGNORECASE)
