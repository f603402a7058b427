"""Addresses as people type them: what can be mailed, which two are the same, and that nothing repeats one."""

from __future__ import annotations

import string
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.addresses import parse
from digest.errors import SubscriptionError

ATOMS = st.text(f"{string.ascii_letters}{string.digits}!#$%&'*/=?^_`{{|}}~-", min_size=1, max_size=20)
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).filter(lambda each: each[2:4] != "--")


@pytest.mark.parametrize(
    ("typed", "mailable"),
    [
        ("ada@example.org", "ada@example.org"),
        ("  ada@example.org\n", "ada@example.org"),
        ("Ada.Quill@Example.ORG", "Ada.Quill@example.org"),
        ("ada+papers@example.org", "ada+papers@example.org"),
        ("ada@exämple.org", "ada@xn--exmple-cua.org"),
        ("ada@例え.example.org", "ada@xn--r8jz45g.example.org"),
        ("ada@EXÄMPLE.org", "ada@xn--exmple-cua.org"),
    ],
)
def test_what_can_be_mailed(typed: str, mailable: str) -> None:
    """White space around it is dropped, a domain beyond ASCII is as the DNS has it, and a tag behind + is kept."""
    assert parse(typed).mailable == mailable


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@@example.org",
        "ada@localhost",
        "ada@example..org",
        "ada@-example.org",
        "ada@[192.0.2.1]",
        '"ada quill"@example.org',
        "ada quill@example.org",
        "Ada <ada@example.org>",
        "ada@example.org, bob@example.org",
        "ada@example.org\r\nBcc: bob@example.org",
        "ada\x00@example.org",
        "ada@exa\u200bmple.org",
        "ådå@example.org",
        f"{'a' * 65}@example.org",
        f"ada@{'a.' * 130}org",
        "ada@xn--.org",
        "\ud800@example.org",
        "=?utf-8?q?=0D=0ABcc:_eve?=@example.org",
        "=?utf-8?q?=0D=0ABcc=3A_eve?=ada@example.org",
    ],
)
def test_what_cannot_be_mailed_is_told_and_not_repeated(typed: str) -> None:
    """The fault names the field; neither it nor its traceback says what was typed."""
    with pytest.raises(SubscriptionError) as caught:
        parse(typed)
    assert caught.value.key == "email"
    told = "".join(traceback.format_exception(caught.value)).replace("ada@example.org", "", 1)
    # The traceback has lines of the program, which say no address either.
    for word in typed.split():
        if "@" in word and word != "@":
            assert word not in str(caught.value).replace("like ada@example.org", "")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "EmailNotValidError" not in told


@given(ATOMS, LABELS)
def test_capitals_make_no_other_address(local: str, label: str) -> None:
    """Two spellings that differ in capitals have one key, and what is mailed is spelt as it was typed."""
    typed = f"{local}@{label}.example.org"
    one, other = parse(typed), parse(typed.swapcase())
    assert one.key == other.key == one.key.lower()
    assert one.mailable == typed


@given(ATOMS, ATOMS)
def test_a_tag_makes_another_address(local: str, tag: str) -> None:
    """What stands behind + may lead elsewhere, so that two are two subscribers; the mailbox is most likely one."""
    one, other = parse(f"{local}+{tag}@example.org"), parse(f"{local}@example.org")
    assert one.key != other.key
    assert one.mailbox == other.mailbox == other.key


@given(st.text(max_size=80))
def test_anything_is_an_address_or_a_fault(typed: str) -> None:
    """Whatever is typed, it can be put into a mail's header or is refused in words that do not repeat it."""
    found, why = None, ""
    try:
        found = parse(typed)
    except SubscriptionError as error:
        why = error.why
    if found is None:
        assert "@" not in why.replace("ada@example.org", "").replace("the @", "")
        return
    assert found.mailable.isascii()
    assert found.mailable.isprintable()
    assert found.mailable.count("@") == 1
    assert parse(found.mailable) == found


def test_an_address_is_not_shown() -> None:
    """Its repr says nothing, as it may end in a log."""
    assert "example" not in repr(parse("ada@example.org"))
