"""Pictures of counts: well-formed, told in words as well, and safe whatever the names are."""

from __future__ import annotations

from datetime import date, timedelta
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from digest.charts import HEIGHT, SERIES, WIDTH, bars

DAY = date(2025, 5, 9)
SVG = "{http://www.w3.org/2000/svg}"
NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20), unique=True, max_size=9)


def parsed(text: str) -> ET.Element:
    """The picture as a page with a namespace would have it."""
    named = str(text).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return ET.fromstring(named)  # noqa: S314  (our own)


@given(names=NAMES, values=st.lists(st.lists(st.integers(0, 10**6), min_size=9, max_size=9), max_size=31))
def test_bars_stay_within_the_picture(names: list[str], values: list[list[int]]) -> None:
    """Whatever is counted, every bar has a place in the picture, and the heights of a day add up to its share."""
    days = [DAY + timedelta(days=n) for n in range(len(values))]
    counts = {day: dict(zip(names, each, strict=False)) for day, each in zip(days, values, strict=True)}
    picture = parsed(bars("Papers <b>", days, counts, names))
    for bar in picture.iter(f"{SVG}rect"):
        x, y, width, height = (float(bar.attrib[name]) for name in ("x", "y", "width", "height"))
        assert x >= 0
        assert x + width <= WIDTH + 0.1
        assert y >= 0
        assert y + height <= HEIGHT
        assert int(bar.attrib["class"].removeprefix("s")) < SERIES
    drawn = sum(value > 0 for each in counts.values() for value in each.values())
    assert len(list(picture.iter(f"{SVG}rect"))) == drawn


def test_a_picture_says_what_it_shows() -> None:
    """Title, sum and highest day in words; each bar tells its day's counts; the axis ends at a round number."""
    days = [DAY, DAY + timedelta(days=1)]
    picture = bars("Mails", days, {DAY: {"sent": 1200, "deferred": 30}}, ["sent", "deferred"])
    found = parsed(picture)
    assert found.findtext(f"{SVG}title") == "Mails"
    assert found.findtext(f"{SVG}desc") == "1,230 in 2 days, at most 1,230 on one."
    assert [each.text for each in found.iter(f"{SVG}title")][1] == "9 May 2025: sent 1,200, deferred 30"
    assert "2,000" in [each.text for each in found.iter(f"{SVG}text")]


def test_nothing_is_an_empty_picture() -> None:
    """Without days, or with days without counts, there are axes and no bars."""
    for days in ([], [DAY]):
        assert list(parsed(bars("Mails", days, {}, ["sent"])).iter(f"{SVG}rect")) == []
