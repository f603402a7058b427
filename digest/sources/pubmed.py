"""PubMed's XML: answers of the E-utilities (efetch), and the yearly baseline with its daily updates.

Format: https://dtd.nlm.nih.gov/ncbi/pubmed/doc/out/250101/ (elements) and
https://www.nlm.nih.gov/bsd/licensee/elements_descriptions.html (what they mean). A baseline file holds 30,000 papers in
300 MB, so it is read as it is consumed. Records that an update deletes (`DeleteCitation`) are no papers and are passed
over.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from digest.identity import title_id
from digest.sources import fields
from digest.sources.records import RecordError
from digest.sources.xml_records import Shape, all_words, ids_in, without_full_stop, words, words_in
from digest.text import clean
from digest.types import Paper

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from digest.identity import PaperId

SHAPE = Shape(
    "a PubMed export",
    ("PubmedArticleSet", "PubmedBookArticleSet"),
    ("PubmedArticle", "PubmedBookArticle"),
    re.compile(r"<(?=(PMID))PMID[^<>]*>\s*([0-9]{1,9})"),
)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# `1998 Dec-1999 Jan`, `2000 Spring`, `1999 Nov-Dec`, `2004 Mar 1-7`: the first year, with what follows it directly.
_MEDLINE_DATE = re.compile(r"\b(1[5-9]\d\d|2\d\d\d)\b(?:\s+([A-Z][a-z]{2}))?(?:\s+(\d{1,2})\b)?")
_NO_TITLE = re.compile(r"\W*(?:not available|in process citation)?\W*", re.IGNORECASE)
_EARLIEST_YEAR = 1500


def parse(record: Element) -> Paper:
    """The paper of a `PubmedArticle` or `PubmedBookArticle`; `announced` is the day it came into PubMed.

    Its id is the arXiv id or DOI where it has one, else the PMID. Labels of an abstract's sections stay before them.
    A title in brackets is a translation and loses them; where there is no English title, the original one stands.

    Raises:
        RecordError: It has no title, or no identifier and no article.
    """
    article = _first(record, "MedlineCitation/Article", "BookDocument", "Article")
    if article is None:
        raise RecordError("no article in it", _id_of(_ids(record, record)))
    found = _ids(record, article)
    title = _title(article)
    if not title:
        raise RecordError("no title", _id_of(found))
    abstract = _abstract(article) or _abstract_of(record.find("MedlineCitation/OtherAbstract"))
    canonical = found[0].id if found else title_id(title, abstract)
    entered = _entered(record)
    links = fields.links_of(canonical, abstract)
    pmid = next((known.id.removeprefix("pmid:") for known in found if known.id.startswith("pmid:")), None)
    if pmid and links.abstract is None:
        links = replace(links, abstract=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/")
    if pmc := _pmc(record):
        links = replace(links, html=f"https://pmc.ncbi.nlm.nih.gov/articles/{pmc}/")
    return Paper(
        id=canonical,
        title=title,
        abstract=abstract,
        version=next((known.version for known in found if known.id == canonical), None),
        authors=_authors(article),
        published=_midnight(_published(article, entered)),
        announced=entered,
        venue=words(article, "Journal/Title") or words(article, "Journal/ISOAbbreviation") or _book(article),
        other_ids=tuple(known.id for known in found[1:]),
        links=links,
    )


def _first(record: Element, *paths: str) -> Element | None:
    return next((found for path in paths if (found := record.find(path)) is not None), None)


def _ids(record: Element, article: Element) -> list[PaperId]:
    # References and corrections name the ids of other papers further down: only these places name the paper's own.
    pmid = record.findtext("MedlineCitation/PMID") or article.findtext("PMID") or record.get("PMID") or ""
    locations = [
        (each.text or "").strip()
        for each in article.iterfind("ELocationID")
        if each.get("ValidYN") != "N" and (each.get("EIdType") == "doi" or _is_arxiv(each.text))
    ]
    listed = [
        f"pmid:{each.text}" if each.get("IdType") == "pubmed" else each.text
        for path in ("PubmedData/ArticleIdList/ArticleId", "PubmedBookData/ArticleIdList/ArticleId")
        for each in record.iterfind(path)
        if each.get("IdType") in ("doi", "pubmed") or _is_arxiv(each.text)
    ]
    return ids_in(f"pmid:{pmid.strip()}", *locations, *listed)


def _is_arxiv(text: str | None) -> bool:
    return (text or "").strip().lower().startswith("arxiv:")


def _id_of(found: list[PaperId]) -> str | None:
    return found[0].id if found else None


def _pmc(record: Element) -> str | None:
    for each in record.iterfind("PubmedData/ArticleIdList/ArticleId"):
        if each.get("IdType") == "pmc" and re.fullmatch(r"PMC[0-9]{1,10}", text := (each.text or "").strip()):
            return text
    return None


def _title(article: Element) -> str:
    title = without_full_stop(words(article, "ArticleTitle"))
    if title.startswith("[") and title.endswith("]") and title.find("]") == len(title) - 1:
        title = without_full_stop(title[1:-1])
    if _NO_TITLE.fullmatch(title):
        title = without_full_stop(words(article, "VernacularTitle"))
    return title or words(article, "Book/BookTitle")


def _abstract(article: Element) -> str:
    return _abstract_of(article.find("Abstract"))


def _abstract_of(abstract: Element | None) -> str:
    if abstract is None:
        return ""
    parts: list[str] = []
    for section in abstract.iterfind("AbstractText"):
        text, label = words_in(section), clean(section.get("Label") or "")
        if text:
            parts.append(f"{label.rstrip(':')}: {text}" if label and label.upper() != "UNLABELLED" else text)
    return " ".join(parts)


def _authors(article: Element) -> tuple[str, ...]:
    lists = article.findall("AuthorList")
    # A chapter's own authors come first; editors are named where there is nobody else.
    chosen = next((each for each in lists if each.get("Type") != "editors"), lists[0] if lists else None)
    names: list[str] = []
    for author in () if chosen is None else chosen.iterfind("Author"):
        if author.get("ValidYN") == "N":
            continue  # a misspelling that the next entry corrects
        first = words(author, "ForeName") or words(author, "Initials")
        name = " ".join(filter(None, (first, words(author, "LastName"), words(author, "Suffix"))))
        if name := name or words(author, "CollectiveName"):
            names.append(name)
    return tuple(names)


def _book(article: Element) -> str | None:
    title = words(article, "Book/BookTitle")
    return title if title and words(article, "ArticleTitle") else words(article, "Book/Publisher/PublisherName") or None


def _entered(record: Element) -> date | None:
    days = {
        each.get("PubStatus"): day
        for path in ("PubmedData/History/PubMedPubDate", "PubmedBookData/History/PubMedPubDate")
        for each in record.iterfind(path)
        if (day := _day(each)) is not None
    }
    return days.get("pubmed") or days.get("entrez")


def _published(article: Element, entered: date | None) -> date | None:
    """The day on the web, else in print; where print names only a year, `entered` if it is of that year."""
    for path in ("ArticleDate", "ContributionDate"):
        each = article.find(path)
        if each is not None and (day := _day(each)) is not None:
            return day
    issue = _first(article, "Journal/JournalIssue/PubDate", "Book/PubDate")
    if issue is None:
        return None
    day = _day(issue)
    if day and entered and entered.year == day.year and not all_words(issue, "Month"):
        return entered
    return day


def _day(found: Element) -> date | None:
    """The day that `Year`, `Month`, `Day` or a `MedlineDate` name; the first of the month or year they leave open."""
    year, month, day = words(found, "Year"), words(found, "Month"), words(found, "Day")
    if not year and (written := _MEDLINE_DATE.search(words(found, "MedlineDate"))):
        year, month, day = (part or "" for part in written.groups())
    if not re.fullmatch(r"[0-9]{4}", year) or int(year) < _EARLIEST_YEAR:
        return None
    number = _month(month)
    if number and re.fullmatch(r"[0-9]{1,2}", day):
        try:
            return date(int(year), number, int(day))
        except ValueError:
            pass
    return date(int(year), number or 1, 1)


def _month(text: str) -> int | None:
    if re.fullmatch(r"[0-9]{1,2}", text):
        return int(text) if 1 <= int(text) <= len(_MONTHS) else None
    short = text[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else None


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
