"""Transports without a server: folder, Maildir, stream and sendmail; and what a receipt may show."""

from __future__ import annotations

import io
import mailbox
import os
import stat
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.errors import RelayError
from digest.mailboxes import Folder, Maildir, Stream
from digest.sendmail import Sendmail
from digest.transport import LONGEST_REPLY, Outcome, Parcel, reply_line

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"Date: Fri, 09 May 2025 08:00:00 +0200\r\nSubject: Owls\r\n\r\nGood morning.\r\nFrom afar\r\n>From a\r\n"


def parcel(name: str = "2025-05-09-ada", content: bytes = CONTENT, sender: str = "digest@example.org") -> Parcel:
    """A mail to Ada."""
    return Parcel(name=name, sender=sender, recipient="ada@example.org", content=content)


# Folder and Maildir


def test_a_folder_has_a_file_for_each_mail(tmp_path: Path) -> None:
    """Of its name and with its bytes; the same again changes nothing, and other bytes replace it."""
    outbox = tmp_path / "home" / "outbox"
    for content in (CONTENT, CONTENT, b"other"):
        receipt = Folder(outbox).send(parcel(content=content))
        assert (receipt.outcome, receipt.reply) == (Outcome.ACCEPTED, "written to 2025-05-09-ada.eml")
        assert [(path.name, path.read_bytes()) for path in outbox.iterdir()] == [("2025-05-09-ada.eml", content)]


@pytest.mark.parametrize("kind", [Folder, Maildir])
def test_a_place_that_cannot_be_written_is_no_mails_fault(tmp_path: Path, kind: type[Folder | Maildir]) -> None:
    """A file where the folder should be: an error that names the cause, and no address."""
    (tmp_path / "mails").touch()
    with pytest.raises(RelayError, match="cannot write: ") as caught:
        kind(tmp_path / "mails").send(parcel())
    assert not caught.value.is_transient
    assert "@" not in str(caught.value)


def test_a_maildir_has_new_mails_that_others_read(tmp_path: Path) -> None:
    """Python's own reader finds the mail, with its envelope in front; nothing is left in tmp."""
    mails = Maildir(tmp_path / "mails")
    assert mails.send(parcel()).outcome is Outcome.ACCEPTED
    assert mails.send(parcel(".hidden:2")).outcome is Outcome.ACCEPTED
    found = mailbox.Maildir(tmp_path / "mails", create=False)
    assert sorted(found.keys()) == ["2025-05-09-ada", "hidden_2"]
    mail = found["2025-05-09-ada"]
    assert mail.get_subdir() == "new"
    assert (mail["Return-Path"], mail["Delivered-To"]) == ("<digest@example.org>", "ada@example.org")
    assert mail.get_payload() == "Good morning.\nFrom afar\n>From a\n"
    assert list((tmp_path / "mails" / "tmp").iterdir()) == []


def test_a_delivery_that_comes_twice_is_in_the_maildir_once(tmp_path: Path) -> None:
    """Before the reader has seen it, and after: in `cur` it has flags, and stays as the reader left it."""
    mails = Maildir(tmp_path)
    for _ in range(2):
        mails.send(parcel())
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["2025-05-09-ada"]
    (tmp_path / "new" / "2025-05-09-ada").rename(tmp_path / "cur" / "2025-05-09-ada:2,S")
    for again in (mails, Maildir(tmp_path)):
        assert again.send(parcel()).outcome is Outcome.ACCEPTED
        assert list((tmp_path / "new").iterdir()) == []
    mails.send(parcel("2025-05-10-ada"))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["2025-05-10-ada"]


# A stream


def test_a_stream_is_a_mailbox_that_others_read(tmp_path: Path) -> None:
    """One mail after the other in mboxrd: lines that look like the beginning of a mail are quoted."""
    stream = io.BytesIO()
    for content, sender in ((CONTENT, "digest@example.org"), (b"Subject: B\r\n\r\nb\r\n", "")):
        assert Stream(stream).send(parcel(content=content, sender=sender)).outcome is Outcome.ACCEPTED
    lines = stream.getvalue().split(b"\n")
    assert [line for line in lines if line.startswith(b"From ")] == [
        b"From digest@example.org Fri May  9 06:00:00 2025",
        b"From MAILER-DAEMON Thu Jan  1 00:00:00 1970",
    ]
    assert b">From afar" in lines
    assert b">>From a" in lines
    (tmp_path / "mails").write_bytes(stream.getvalue())
    with closing(mailbox.mbox(tmp_path / "mails")) as found:
        assert [mail["Subject"] for mail in found] == ["Owls", "B"]


def test_a_stream_that_nobody_reads_ends_it() -> None:
    """A reader that has gone will not come back."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb", buffering=0) as stream, pytest.raises(RelayError, match="Broken pipe") as caught:  # noqa: PTH123  (a descriptor)
        Stream(stream).send(parcel())
    assert not caught.value.is_transient


# sendmail


def script(folder: Path, body: str) -> str:
    """A stand-in for sendmail: notes its arguments and its input, then does what it is told to."""
    path = folder / "sendmail"
    path.write_text(
        f'#!/bin/sh\nfor word in "$@"; do echo "$word"; done > {folder}/words\ncat > {folder}/mail\n{body}\n',
        encoding="utf-8",
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


needs_shell = pytest.mark.skipif(os.name == "nt", reason="there is no shell")


@needs_shell
def test_sendmail_is_given_the_mail_and_its_envelope(tmp_path: Path) -> None:
    """No address is an option or a word of a shell; lines end as local programs write them."""
    sendmail = Sendmail(script(tmp_path, "exit 0"), 10)
    assert sendmail.send(parcel()).reply == "sendmail: exit 0"
    assert (tmp_path / "mail").read_bytes() == CONTENT.replace(b"\r\n", b"\n")
    words = (tmp_path / "words").read_text(encoding="utf-8").splitlines()
    assert words == ["-i", "-f", "digest@example.org", "--", "ada@example.org"]
    strange = Parcel(name="a", sender="", recipient="-bp;$(id)@example.org", content=CONTENT)
    assert sendmail.send(strange).outcome is Outcome.ACCEPTED
    words = (tmp_path / "words").read_text(encoding="utf-8").splitlines()
    assert words == ["-i", "-f", "<>", "--", "-bp;$(id)@example.org"]


@needs_shell
@pytest.mark.parametrize(
    ("body", "outcome", "reply"),
    [
        ("exit 75", Outcome.DEFERRED, "sendmail: exit 75 (temporary failure)"),
        (
            "echo 'no ada@example.org here' >&2; exit 67",
            Outcome.REJECTED,
            "sendmail: exit 67 (no such user): no … here",
        ),
        ("exit 68", Outcome.REJECTED, "sendmail: exit 68 (no such host)"),
        ("exit 78", Outcome.DEFERRED, "sendmail: exit 78 (configuration error)"),
        ("exit 1", Outcome.DEFERRED, "sendmail: exit 1"),
        ("kill -9 $$", Outcome.UNCERTAIN, "sendmail: exit -9 (ended by a signal)"),
    ],
)
def test_how_sendmail_ends_says_what_became_of_the_mail(
    tmp_path: Path, body: str, outcome: Outcome, reply: str
) -> None:
    """By the codes of sysexits.h: a recipient who does not exist is final, all else may go well later."""
    receipt = Sendmail(script(tmp_path, body), 10).send(parcel())
    assert (receipt.outcome, receipt.reply) == (outcome, reply)


@needs_shell
def test_a_sendmail_that_hangs_is_ended(tmp_path: Path) -> None:
    """What it has done with the mail, nobody knows; a process that it leaves behind is not waited for."""
    begun = time.monotonic()
    receipt = Sendmail(script(tmp_path, "exec sleep 60"), 0.2).send(parcel())
    assert (receipt.outcome, receipt.reply) == (Outcome.UNCERTAIN, "sendmail took longer than 0.2 s")
    assert Sendmail(script(tmp_path, "sleep 3 & exit 0"), 10).send(parcel()).outcome is Outcome.ACCEPTED
    assert time.monotonic() - begun < 2.5


@needs_shell
def test_a_sendmail_that_is_not_read_to_the_end_still_counts(tmp_path: Path) -> None:
    """A command that ends before it has read a large mail says by its code what became of it."""
    path = tmp_path / "sendmail"
    path.write_text("#!/bin/sh\nexit 75\n", encoding="utf-8")
    path.chmod(0o700)
    assert Sendmail(str(path), 10).send(parcel(content=CONTENT * 10_000)).outcome is Outcome.DEFERRED


@pytest.mark.parametrize("name", ["missing", "folder"])
def test_a_sendmail_that_is_none_is_no_mails_fault(tmp_path: Path, name: str) -> None:
    """It is told as a thing to mend, once for all mails."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(RelayError, match="cannot run: ") as caught:
        Sendmail(str(tmp_path / name), 10).send(parcel())
    assert not caught.value.is_transient


# What a receipt may show


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<ada@example.org>: unknown", "<…>: unknown"),
        ("RCPT TO:<ADA@Example.org> refused", "RCPT TO:<…> refused"),
        ("ada is not here, nor is Ada", "… is not here, nor is …"),
        ('"ada lovelace"@example.org (bo@example.org)', "… (…)"),
        ("bounce+ada=example.org@example.net, x", "…, x"),
        ("see https://example.org/?who=ada%40example.org", "see https:…"),
        ("jürgen@bücher.example is 満員@例え.jp", "… is …"),
        ("nobody here: @example.org", "nobody here: …"),
        ("adamant people", "adamant people"),
        ("a\r\nb\x1b[2J\u202ec", "a b[2Jc"),
    ],
)
def test_no_address_is_shown(said: str, shown: str) -> None:
    """Whatever form it has; the recipient's own name is hidden too where it stands for itself."""
    assert reply_line(said, parcel().private) == shown


def test_the_name_before_a_plus_is_hidden_too() -> None:
    """An address with a tag is the person's own."""
    tagged = Parcel(name="a", sender="", recipient="Ada.L+papers@example.org", content=b"")
    assert reply_line("ada.l, ada.l+papers, papers", tagged.private) == "…, …, papers"


@given(st.text(max_size=50), st.from_regex(r"[a-z.+]{1,20}@[a-z.]{1,20}", fullmatch=True), st.integers(0, 3000))
@example(said="@", address="a@a", before=0)
def test_an_address_is_hidden_wherever_it_stands(said: str, address: str, before: int) -> None:
    """Also where a reply is cut: the line is short, can be printed, and has no at sign."""
    for text in (f"{'x ' * before}{said} {address} {said}", "x" * before + address):
        shown = reply_line(text)
        assert "@" not in shown
        assert len(shown) <= LONGEST_REPLY
        assert shown.isprintable()
