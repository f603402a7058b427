"""XML that is a long row of records, cut into them: read with flat memory, each record parsed for itself.

A record is cut out of the text by its tags and parsed alone, so one that is broken costs only itself, and a dump that
breaks off keeps what stood whole. Entities are never expanded: a document type declaration, the only place they come
from, never reaches the parser where it stands outside the records, and is ill-formed within one (XML 1.0, production
22). HTML's named characters are read without it. So a parser that guards against them (defusedxml) has nothing left to
guard against here, and takes twice as long.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError, fromstring

from digest.errors import SourceError
from digest.identity import parse_id, strength
from digest.sources import feed_encoding, feed_xml
from digest.sources.records import Record, RecordError
from digest.sources.streams import READ_ERRORS, describe, look_ahead
from digest.text import clean
from digest.types import Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from xml.etree.ElementTree import Element

    from digest.identity import PaperId
    from digest.sources.records import Document, Dump
    from digest.types import Paper

MAX_RECORD = 16 * 2**20
"""Characters of the longest record read; what PubMed writes of ten thousand authors has a fifth of it."""

_HEAD = 64 * 2**10
_LONGEST_COMMENT = 64 * 2**10
_PREFIX = re.compile(r"</?([A-Za-z_][\w.-]{0,40}):|\s([A-Za-z_][\w.-]{0,40}):[\w.-]{1,40}\s?=", re.ASCII)
_MOST_PREFIXES = 100
_OPENING = re.compile(r"<([\w.-]+)")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a format is called in words, and how its root elements and its records are called in XML."""

    title: str
    roots: tuple[str, ...]
    records: tuple[str, ...]
    id_place: re.Pattern[str]
    """Where a record's text names its id, for one that cannot be parsed: its groups, joined by a colon, spell it."""

    def fits(self, head: str) -> bool:
        """Whether a document that begins with `head` has one of these root elements."""
        return re.search(rf"<(?:{'|'.join(map(re.escape, self.roots))})(?=[\s/>])", head) is not None


@dataclass(slots=True)
class Cutter:
    """The texts of the records in a row of pieces of text; "" stands for one that is longer than `MAX_RECORD`.

    A record that is never closed ends where the next one begins, or the root element ends. Once all are out, `is_cut`
    says whether the root element was left open, and `fault` why reading broke off.
    """

    shape: Shape
    pieces: Iterable[str]
    is_cut: bool = field(default=False, init=False)
    fault: str | None = field(default=None, init=False)

    def __iter__(self) -> Iterator[str]:
        names = "|".join(map(re.escape, (*self.shape.roots, *self.shape.records)))
        tag = re.compile(rf"<({names})(?=[\s/>])|</({names})\s*>")
        margin = max(map(len, (*self.shape.roots, *self.shape.records))) + 8  # a tag may be split between two pieces
        text, start, at, name, is_long = "", 0, 0, "", False
        for piece in without_comments(self._readable()):
            text += piece
            while found := tag.search(text, at):
                at = found.end()
                opened, closed = found[1], found[2]
                if name and (opened or closed in (name, *self.shape.roots)):
                    end = at if closed == name else found.start()
                    yield "" if is_long or end - start > MAX_RECORD else text[start:end]
                    name, is_long = "", False
                if opened in self.shape.records:
                    name, start = opened, found.start()
                elif (opened or closed) in self.shape.roots:
                    self.is_cut = bool(opened)
            at = max(at, len(text) - margin)
            is_long = bool(name) and (is_long or len(text) - start > MAX_RECORD)
            behind = start if name and not is_long else at
            text, start, at = text[behind:], 0, at - behind
        self.is_cut |= bool(name)

    def _readable(self) -> Iterator[str]:
        try:
            yield from self.pieces
        except READ_ERRORS as error:
            self.fault = describe(error)
            self.is_cut = True


def without_comments(pieces: Iterable[str]) -> Iterator[str]:
    """The text without its comments; what is not closed within 64 Ki characters is taken for none."""
    text = ""
    for piece in pieces:
        text += piece
        kept: list[str] = []
        at = closing = 0
        while (opening := text.find("<!--", at)) >= 0:
            if 0 <= closing < opening + 4:
                closing = text.find("-->", opening + 4)
            is_far = not 0 <= closing < opening + _LONGEST_COMMENT
            if is_far and closing < 0 and len(text) - opening < _LONGEST_COMMENT:
                break
            kept.append(text[at : opening + 4 if is_far else opening])
            at = opening + 4 if is_far else closing + 3
        whole = opening if opening >= 0 else max(len(text) - 3, at)
        yield "".join((*kept, text[at:whole]))
        text = text[whole:]
    yield text


def decoded(pieces: Iterator[bytes]) -> Iterator[str]:
    """The pieces as text: by byte order mark, XML declaration, or UTF-8 (XML 1.0, appendix F); raises as they do."""
    head, pieces = look_ahead(pieces, _HEAD)
    decoder = codecs.getincrementaldecoder(feed_encoding.encoding(head))("replace")
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def element(text: str) -> Element:
    """The element that the text of a record is, names without prefixes, sub- and superscripts as HTML in its text.

    Prefixes count for nothing, because the declarations of some stand outside the record, and forgotten ones lose
    nothing.

    Raises:
        RecordError: The text is too long, or not well-formed.
    """
    if not text:
        raise RecordError(f"longer than {MAX_RECORD // 2**20} Mi characters, the most read of one record")
    end = text.rstrip("\t\n\r >")
    if (opening := _OPENING.match(text)) and not end.endswith((f"</{opening[1]}", "/")):
        raise RecordError("not well-formed: never closed")
    text = feed_xml.repaired(text)
    prefixes = {found[1] or found[2] for found in _PREFIX.finditer(text)} if ":" in text else set()
    if len(prefixes) > _MOST_PREFIXES:
        raise RecordError(f"not well-formed: {len(prefixes)} prefixes")
    declared = "".join(f' xmlns:{name}="{name}"' for name in sorted(prefixes) if not name.startswith("xml"))
    try:
        (record,) = fromstring(f"<records{declared}>{text}</records>")  # noqa: S314 - see above: no DTD, no entities
    except ParseError as error:
        raise RecordError(f"not well-formed: {error}") from error
    except ValueError as error:
        raise RecordError("not well-formed: more than one element") from error
    for each in record.iter():
        each.tag = each.tag.rpartition("}")[2]
        if each.tag in ("sub", "sup") and each.text and len(each) == 0:
            each.text = f"<{each.tag}>{each.text}</{each.tag}>"
    return record


def words(parent: Element, path: str) -> str:
    """The cleaned text of the first element at `path` below `parent`, with all that stands in it; "" where none is."""
    return words_in(parent.find(path))


def words_in(found: Element | None) -> str:
    """The cleaned text in an element, "" for none."""
    return "" if found is None else clean("".join(found.itertext()))


def all_words(parent: Element, path: str) -> list[str]:
    """The cleaned texts of all elements at `path`, without empty ones."""
    return [text for found in parent.iterfind(path) if (text := words_in(found))]


def without_full_stop(title: str) -> str:
    """A title without the full stop that bibliographies put behind it; that of an abbreviation (`U.S.`) stays."""
    title = title.rstrip()
    return title[:-1].rstrip() if title.endswith(".") and not re.search(r"\.[^\W\d_]?\.$", title) else title


def ids_in(*spellings: str | None) -> list[PaperId]:
    """The ids that the texts spell, each work's once, the strongest first, equals in their order."""
    found = [known for text in spellings if text and (known := parse_id(text))]
    if not found:
        return []
    unique = {known.id: known for known in sorted(found, key=lambda known: known.version is not None)}
    order = [known.id for known in found]
    return sorted(
        unique.values(),
        key=lambda known: (strength(known.id), order.index(known.id)),
    )


def read_records(
    parse: Callable[[Element], Paper], shape: Shape, dump: Dump, pieces: Iterator[bytes]
) -> Iterator[Record]:
    """One record for each element that is one, read as it is consumed: what `parse` makes of it, or a rejection.

    Raises:
        SourceError: At the call: the dump does not begin like one of this shape.
    """
    head, pieces = look_ahead(pieces, _HEAD)
    if not shape.fits(head.decode(feed_encoding.encoding(head), "replace")):
        raise SourceError(dump.name, f"not {shape.title}: it has no element <{shape.roots[0]}>")
    return (Record(outcome) for outcome in outcomes(parse, shape, dump.name, decoded(pieces)))


def document_outcomes(
    parse: Callable[[Element], Paper | None], shape: Shape, document: Document
) -> Iterator[Paper | Rejection]:
    """What `parse` makes of the records of a document; a record of which it makes None is passed over.

    Raises:
        SourceError: The document is not of this shape.
    """
    text = feed_xml.decode(document.body)
    if not shape.fits(text[:_HEAD]):
        raise SourceError(document.name, f"not {shape.title}: it has no element <{shape.roots[0]}>")
    yield from outcomes(parse, shape, document.name, [text], says_cut=document.cut is None)


def outcomes(
    parse: Callable[[Element], Paper | None],
    shape: Shape,
    name: str,
    pieces: Iterable[str],
    *,
    says_cut: bool = True,
) -> Iterator[Paper | Rejection]:
    """Paper or rejection of each record of a text, and a rejection at the end where it is cut off."""
    number = good = 0
    cutter = Cutter(shape, pieces)
    for number, text in enumerate(cutter, start=1):
        where = f"{name}: record {number}"
        try:
            paper = parse(element(text))
        except RecordError as error:
            known = error.id or _id_in(text, shape)
            yield Rejection(where=f"{where} ({known})" if known else where, why=error.why)
            continue
        if paper is not None:
            good += 1
            yield paper
    if cutter.is_cut and says_cut:
        why = f"cut off after {good} records" + (f": {cutter.fault}" if cutter.fault else "")
        yield Rejection(where=f"{name}: record {number + 1}", why=why)


def _id_in(text: str, shape: Shape) -> str | None:
    place = shape.id_place.search(text)
    found = parse_id(":".join(place.groups(""))) if place else None
    return found.id if found else None
