"""Lists of subscribers: good rows are kept, bad ones named with line and column, and no address is told."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SubscriptionError
from digest.roster import COLUMNS, Roster, read
from digest.schedule import schedule
from digest.subscription import Preferences
from digest.types import Form


def table(text: str) -> Roster:
    """What a list says."""
    return read(text, "readers.csv", Preferences(), digest="trending")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_list_as_spreadsheets_write_it(delimiter: str, end: str, mark: str) -> None:
    """Whatever stands between cells and lines, in any order of columns and capitals, empty lines left out."""
    rows = [
        ["Zone", "EMAIL", "frequency", "On-Return", "format", "digest"],
        ["Asia/Tokyo", "ada@example.org", "weekly mon", "", "text", ""],
        [],
        ["", '"bob@example.org"', "", "skip", "", "owls"],
    ]
    found = table(mark + end.join(delimiter.join(row) for row in rows) + end)
    assert found.faults == ()
    ada, bob = found.entries
    assert (ada.address.mailable, ada.where, ada.digest) == ("ada@example.org", "readers.csv:2", "trending")
    assert ada.preferences.schedule == schedule("weekly mon", "07:00", "Asia/Tokyo")
    assert ada.preferences.form is Form.TEXT
    assert (bob.address.mailable, bob.where, bob.digest) == ("bob@example.org", "readers.csv:4", "owls")


def test_bad_rows_spoil_no_good_ones() -> None:
    """Each is named with its line and column; a cell in the wrong column tells no address, nor does an open quote."""
    found = table(
        "email,zone,frequency,interests,digest\n"
        "ada@example.org,Mars,,,\n"
        "not an address,,,,\n"
        "bob@example.org,,,,\n"
        "x,cyd@example.org,,,\n"
        "dee@example.org,,often,,\n"
        '"eve@example.org,,,,\n'
        "fay@example.org,gus@example.org,,,\n"
        "hal@example.org,,,,,,more\n"
        "ivy@example.org,,,own.yaml,trending\n"
        "jay@example.org\n"
    )
    assert [each.address.mailable for each in found.entries] == ["bob@example.org", "jay@example.org"]
    assert [fault.split(": ")[:2] for fault in found.faults] == [
        ["readers.csv:2", "zone"],
        ["readers.csv:3", "email"],
        ["readers.csv:5", "email"],
        ["readers.csv:6", "frequency"],
        ["readers.csv:7", "email"],
        ["readers.csv:8", "zone"],
        ["readers.csv:9", "7 cells, but 5 headings"],
        ["readers.csv:10", "interests"],
    ]
    assert "@" not in "".join(found.faults).replace("like ada@example.org", "")
    assert "got '…'" in found.faults[5]
    assert "@" not in repr(found).replace("like ada@example.org", "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "readers.csv: empty: expected a row of headings"),
        ("\n \n", "empty"),
        ("ada@example.org,daily\n", "readers.csv:1: no column is called an address"),
        ("email,freqency\n", "no column is called 'freqency' (did you mean 'frequency'?)"),
        ("email,email\n", "two columns are called 'email'"),
        ("zone,frequency\n", "expected a column email"),
    ],
)
def test_a_list_without_headings_is_none(text: str, why: str) -> None:
    """What the columns are is not guessed; what may be somebody's address is not repeated."""
    with pytest.raises(SubscriptionError) as caught:
        table(text)
    assert why in str(caught.value)
    assert "@" not in str(caught.value)


@given(st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=4), max_size=6))
def test_any_table_is_read(rows: list[list[str]]) -> None:
    """Every row that is not empty is an entry or a fault, whatever its cells hold, in the order of the file."""
    written = io.StringIO()
    csv.writer(written).writerows([["email", "zone", "at", "language"], *rows])
    found = table(written.getvalue())
    lines = [int(each.where.split(":")[1]) for each in found.entries]
    assert lines == sorted(lines)
    assert all(fault.startswith("readers.csv:") for fault in found.faults)


@given(st.text())
def test_any_text_is_a_table_or_a_fault(text: str) -> None:
    """Nothing that a file can hold does worse than that."""
    try:
        found = table(text)
    except SubscriptionError as error:
        why = str(error)
    else:
        why = "readers.csv:"
        assert all(fault.startswith("readers.csv:") for fault in found.faults)
    assert "readers.csv" in why


def test_the_columns_are_named() -> None:
    """An empty list says which there are."""
    with pytest.raises(SubscriptionError, match=", ".join(COLUMNS)):
        table("")
