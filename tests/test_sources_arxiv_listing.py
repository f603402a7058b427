r"""arXiv's plain text: the daily mailing and `.abs` files, in blocks between `\\`."""

from __future__ import annotations

import io
import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.sources import Dump, read
from digest.sources.detect import detect
from digest.types import AnnounceType, Paper, Rejection

RULE = "-" * 78
MAILING = rf"""{RULE}
{RULE}
Send any comments regarding submissions directly to submitter.
{RULE}
Archives at http://arxiv.org/
{RULE}
 Submissions to:
Sound
 received from  Thu  8 May 25 18:00:00 GMT  to  Fri  9 May 25 18:00:00 GMT
{RULE}
{RULE}
\\
arXiv:2505.00001
Date: Fri, 9 May 2025 09:12:01 GMT   (1234kb,D)

Title: Owls at night: what
  they say
Authors: Ann Poe (1), Bob Ro\'e and Cy Doe ((1) Night Institute)
Categories: cs.SD cs.LG
Comments: 10 pages, https://github.com/example/owls
Journal-ref: Night 1 (2025)
DOI: 10.1000/owls
MSC-class: 00A01
License: http://creativecommons.org/licenses/by/4.0/
\\
  We listen to owls
and write down what they say.
\\ ( https://arxiv.org/abs/2505.00001 ,  1234kb)
{RULE}
\\
arXiv:2505.00002 (*cross-listing*)
Date: Thu, 8 May 2025 20:00:00 GMT   (5kb)

Title: Bats at night
Authors: Dee Foe
Categories: q-bio.NC cs.SD
\\
  We listen to bats.
\\ ( https://arxiv.org/abs/2505.00002 ,  5kb)
%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%
{RULE}
\\
arXiv:2404.00003
replaced with revised version Fri, 9 May 2025 10:00:00 GMT   (77kb,D)

Title: Cats at night
Authors: Eve Goe
Categories: cs.SD
\\ ( https://arxiv.org/abs/2404.00003 ,  77kb)
{RULE}
\\
arXiv:2404.00004 (*cross-listing*)
replaced with revised version Fri, 9 May 2025 11:00:00 GMT   (7kb)

Title: Dogs at night
Authors: Eve Goe
Categories: eess.AS cs.SD
\\ ( https://arxiv.org/abs/2404.00004 ,  7kb)
%%%---%%%---%%%---%%%---%%%---%%%---%%%---%%%---%%%---%%%---%%%---%%%---%%%---
For general information, see https://info.arxiv.org/help/
"""

ABS = rf"""{RULE}
\\
arXiv:hep-th/9901001
From: Ann Poe <ann@example.org>
Date: Fri, 1 Jan 1999 12:00:00 GMT   (10kb)
Date (revised v2): Mon, 4 Jan 1999 12:00:00 GMT   (11kb)
Date (revised v3): Tue, 5 Jan 1999 12:00:00 GMT   (12kb)

Title: Strings at night
Authors: Ann Poe
Categories: hep-th
Report-no: NIGHT-99-1
\\
  We pull strings.
\\
"""


def outcomes(text: str | bytes, form: str | None = None) -> list[Paper | Rejection]:
    """What a listing gives."""
    raw = text.encode() if isinstance(text, str) else text
    return [record.outcome for record in read(Dump("mail", io.BytesIO(raw), date(2026, 6, 30)), format=form)]


def papers(text: str) -> list[Paper]:
    """The papers of a listing that has nothing else."""
    found = outcomes(text)
    assert all(isinstance(each, Paper) for each in found), found
    return [each for each in found if isinstance(each, Paper)]


def test_a_new_paper_has_all_that_the_mailing_says() -> None:
    """Continued lines are joined, affiliations dropped, the address and size at the end are no part of the abstract."""
    owls = papers(MAILING)[0]
    assert owls.id == "arxiv:2505.00001"
    assert owls.title == "Owls at night: what they say"
    assert owls.authors == ("Ann Poe", "Bob Roé", "Cy Doe")
    assert owls.abstract == "We listen to owls and write down what they say."
    assert owls.categories == ("cs.SD", "cs.LG")
    assert (owls.comment, owls.venue) == ("10 pages, https://github.com/example/owls", "Night 1 (2025)")
    assert owls.other_ids == ("doi:10.1000/owls",)
    assert owls.links.code == "https://github.com/example/owls"
    assert owls.published == datetime(2025, 5, 9, 9, 12, 1, tzinfo=UTC)


def test_new_crossed_and_replaced_papers_are_told_apart() -> None:
    """Only news is announced; a replacement has the instant of its version and no abstract."""
    found = papers(MAILING)
    kinds = [AnnounceType.NEW, AnnounceType.CROSS, AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS]
    assert [paper.announce_type for paper in found] == kinds
    # Submissions until Friday afternoon are sent on Sunday night, which in GMT is Monday.
    assert [paper.announced for paper in found] == [date(2025, 5, 12), date(2025, 5, 12), None, None]
    assert [paper.updated for paper in found[2:]] == [
        datetime(2025, 5, 9, 10, tzinfo=UTC), datetime(2025, 5, 9, 11, tzinfo=UTC)
    ]  # fmt: skip
    assert (found[2].published, found[2].abstract) == (None, "")


def test_the_day_of_the_mail_itself_counts_first() -> None:
    """A mail saved with its header has been sent on the day it says; without any header no day is known."""
    mail = f"From: no-reply@example.org\nDate: Sun, 11 May 2025 21:00:00 -0400\nSubject: cs daily\n\n{MAILING}"
    assert papers(mail)[0].announced == date(2025, 5, 11)
    assert papers(MAILING[MAILING.index("\\\\\narXiv:") :])[0].announced is None
    weekday = MAILING.replace("Fri  9 May 25 18", "Mon 12 May 25 18")
    assert papers(weekday)[0].announced == date(2025, 5, 13)


def test_an_abs_file_is_a_paper_and_no_announcement() -> None:
    """The last revision gives version and date; who sent it in is left out."""
    (paper,) = papers(ABS)
    assert (paper.id, paper.version, paper.title) == ("arxiv:hep-th/9901001", 3, "Strings at night")
    assert (paper.announced, paper.announce_type) == (None, None)
    assert paper.published == datetime(1999, 1, 1, 12, tzinfo=UTC)
    assert paper.updated == datetime(1999, 1, 5, 12, tzinfo=UTC)
    assert "example.org" not in repr(paper)


def test_both_are_known_by_their_content_and_line_ends_do_not_matter() -> None:
    """Also with Windows' line ends, and several `.abs` files one behind another."""
    for text in (MAILING, ABS, MAILING.replace("\n", "\r\n")):
        assert detect(text.encode())[0] == "arxiv-listing"
    assert outcomes(MAILING.replace("\n", "\r\n")) == outcomes(MAILING)
    assert len(papers(ABS + ABS.replace("9901001", "9901002"))) == 2


def test_a_broken_block_costs_only_itself() -> None:
    """No title, no id, no end: named with line and id, and the papers around come out."""
    broken = (
        MAILING.replace("Title: Bats at night\n", "")
        .replace("arXiv:2404.00003\nrep", "arXiv:nonsense\nrep")
        .replace("and write down what they say.\n\\\\ ( https://arxiv.org/abs/2505.00001 ,  1234kb)\n", "")
    )
    first, second, third, fourth = outcomes(broken)
    assert first == Rejection(where="mail:12 (arxiv:2505.00001)", why="its abstract has no end")
    assert second == Rejection(where="mail:28 (arxiv:2505.00002)", why="no title")
    assert isinstance(third, Rejection)
    assert third.why == "no arXiv id: 'nonsense'"
    assert isinstance(fourth, Paper)


def test_what_is_cut_off_is_named_and_what_stood_before_is_kept() -> None:
    """In the header as in the abstract."""
    for place in ("Bats at", "listen to bats"):
        good, last = outcomes(MAILING[: MAILING.index(place) + 5])
        assert isinstance(good, Paper)
        assert isinstance(last, Rejection)
        assert last.why.startswith("cut off after 1 papers: its ")


def test_absurd_values_are_left_out() -> None:
    """Dates, versions and spans that cannot be spoil nothing."""
    odd = MAILING.replace("Fri, 9 May 2025 09:12:01 GMT", "Fri, 99 May 99999 09:12:01 GMT").replace(
        "9 May 25 18", "31 Feb 25 18"
    )
    paper = papers(odd)[0]
    assert (paper.published, paper.announced) == (None, None)
    assert papers(ABS.replace("v3", "v99999"))[0].title == "Strings at night"


def test_a_text_that_is_no_listing_is_refused() -> None:
    """Even where it is named as one."""
    with pytest.raises(SourceError, match="not a listing of arXiv"):
        outcomes("Dear Ann,\n\nhow are the owls?", "arxiv-listing")


@pytest.mark.parametrize(
    "text",
    [
        "\\\\\n" * 200_000,
        "\\\\\narXiv:2505.00001\n" * 20_000,
        "-" * 10**6,
        f"{RULE}\n\\\\\n" * 8_000,
        ABS + "x" * 10**6,
    ],
)
def test_no_input_takes_long(text: str) -> None:
    """A second a megabyte at the very worst."""
    start = time.process_time()
    try:
        outcomes(text, "arxiv-listing")
    except SourceError as error:
        assert "not a listing" in error.why  # noqa: PT017 - both ends are right
    assert time.process_time() - start < 10 * (1 + len(text) / 2**20)


@given(
    cuts=st.lists(st.integers(0, len(MAILING)), min_size=2, max_size=4),
    flips=st.lists(st.tuples(st.integers(0, len(MAILING)), st.integers(0, 255)), max_size=5),
    is_shuffled=st.booleans(),
)
@settings(max_examples=200)
def test_no_damage_ends_in_anything_but_records_or_a_source_error(
    cuts: list[int], flips: list[tuple[int, int]], *, is_shuffled: bool
) -> None:
    """Cut, flipped, with chunks missing or out of order."""
    content = bytearray(MAILING.encode())
    for place, value in flips:
        content[place % len(content)] = value
    first, *_, last = sorted(cuts)
    pieces = [content[:first], content[first:last], content[last:]]
    try:
        found = outcomes(b"".join(pieces[::-1] if is_shuffled else pieces[:2]), "arxiv-listing")
    except SourceError as error:
        assert error.why  # noqa: PT017 - both ends are right, and this one must say something
        return
    for each in found:
        assert each.id.startswith("arxiv:") if isinstance(each, Paper) else each.why
