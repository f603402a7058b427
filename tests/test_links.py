"""Links to code and project pages in abstracts and comments."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.links import http_url, links_in
from digest.types import Links


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Code is at https://github.com/ann/tool.", "https://github.com/ann/tool"),
        ("Code (https://github.com/ann/tool), data", "https://github.com/ann/tool"),
        ("see github.com/ann/tool for code", "https://github.com/ann/tool"),
        ("see https://www.github.com/ann/tool.git", "https://www.github.com/ann/tool"),
        ("https://gitlab.example.org/ann/tool_(v2)", "https://gitlab.example.org/ann/tool_(v2)"),
        ("weights: https://huggingface.co/ann/model", "https://huggingface.co/ann/model"),
        ("https://anonymous.4open.science/r/tool-1234/", "https://anonymous.4open.science/r/tool-1234/"),
        ("at https://github.com/ann/tool.We show more", "https://github.com/ann/tool"),
        ("by https://github.com/ann", None),
        ("https://huggingface.co/papers/2401.01234", None),
        ("ann@github.com/x/y and mygithub.com/a/b", None),
        ("javascript://github.com/ann/tool", None),
        ("no link at all", None),
    ],
)
def test_the_first_repository_is_the_code(text: str, code: str | None) -> None:
    """A path of owner and name on a code host is the code, without the sentence's punctuation."""
    assert links_in(text).code == code


@pytest.mark.parametrize(
    ("text", "project"),
    [
        ("Demos: https://ann.github.io/tool/.", "https://ann.github.io/tool/"),
        ("Project Website: tool-paper.github.io", "https://tool-paper.github.io"),
        ("See https://tool.pages.dev!", "https://tool.pages.dev"),
        ("Project page: https://example.org/tool", "https://example.org/tool"),
        ("Our project website is available at https://example.org/tool.", "https://example.org/tool"),
        ("See https://example.org/tool", None),
        ("project page: https://arxiv.org/abs/2401.01234", None),
    ],
)
def test_a_project_page_is_known_by_its_host_or_by_the_words_before_it(text: str, project: str | None) -> None:
    """Pages on github.io and its like, or those the text calls project pages, are projects."""
    assert links_in(text).project == project


def test_the_first_of_each_kind_wins_over_all_texts() -> None:
    """Abstract and comment are read in turn, and a repository called a project page is still the code."""
    found = links_in("project page: https://github.com/a/one", "https://github.com/b/two https://a.github.io")
    assert found == Links(code="https://github.com/a/one", project="https://a.github.io")


@pytest.mark.parametrize(
    "value",
    [
        "javascript:alert(1)", "data:text/html,x", "ftp://example.org/a", "//example.org/a", "/a", "", "https://",
        "https://example.org/a b", "https://[broken", None, 7, "https://example.org/" + "a" * 3000, "https://a\x00.org",
    ],
)  # fmt: skip
def test_only_http_addresses_are_addresses(value: object) -> None:
    """Other schemes, relative, broken and endless addresses are refused."""
    assert http_url(value) is None


def test_an_http_address_is_given_back() -> None:
    """A good address comes back without the white space around it."""
    assert http_url(" https://example.org/a?b=c#d ") == "https://example.org/a?b=c#d"


@given(st.text(alphabet=st.sampled_from("https://github.com/ab.()[],;: $_*'")))
@settings(max_examples=200, deadline=None)
def test_whatever_the_text_a_link_is_an_address(text: str) -> None:
    """No text makes it raise, and what comes out is an address."""
    found = links_in(text, f"https://github.com/{text}")
    for url in (found.code, found.project):
        assert url is None or http_url(url) == url
