"""What somebody asks of all papers: the words of a query, and how well papers answer it or are like another one.

The terms, their statistics and their weights are those of the ranking. Finding the few hundred papers that are worth
scoring is the database's work (`digest.store.search`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digest.identity import parse_id
from digest.ranking import terms
from digest.ranking.memo import Memo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from digest.ranking.weights import Statistics
    from digest.types import Paper

PAIR_SHARE = 0.2
"""The part of a score that neighbours of the query have which are neighbours in the paper, too."""

NAME_STRENGTH = 0.6
"""What a word counts that is in an author's name, where it stands once only; of 1 for a word repeated without end."""

TELLING_WORDS = 32
"""Words that papers are looked up by; what a longer text says beside them changes the order only."""

_WORD = re.compile(r"[^\W_]+")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_QUOTED = re.compile('["“”„]([^"“”„]*)["“”„]')
_APART = " and "  # a stop word: no pair reaches over it


@dataclass(frozen=True, slots=True)
class Query:
    """What a person types to find papers.

    `loose` are runs of words, of which a paper should have many; `phrases` stood in quotation marks and must stand in a
    paper; `ids` name papers.
    """

    loose: tuple[str, ...]
    phrases: tuple[str, ...]
    ids: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Query:
        """Take a query apart; a quotation mark without its partner says nothing."""
        runs = _QUOTED.split(text)
        words = [run.split() for run in runs[::2]]
        named = {word: found.id for run in words for word in run if (found := parse_id(word))}
        loose = (" ".join(word for word in run if word not in named) for run in words)
        return cls(
            loose=tuple(run for run in loose if any(_telling(run))),
            phrases=tuple(phrase for phrase in runs[1::2] if _WORD.search(phrase)),
            ids=tuple(dict.fromkeys(named.values())),
        )

    def __bool__(self) -> bool:
        """Whether there is anything to look for: stop words, numbers and single letters are nothing if not quoted."""
        return bool(self.loose or self.phrases or self.ids)


def stems(text: str) -> list[str]:
    """All words of a text in reading order, as stems without marks (é is e); what has no stem stays as it is.

    Unlike the terms of the ranking these have stop words, numbers and single letters, so that a phrase can be found.
    """
    return list(stemmed(_WORD.findall(_folded(text))))


def stemmed(words: Iterable[str]) -> Iterator[str]:
    """The stems of words in small letters without marks."""
    return map(_STEMS.__getitem__, words)


def telling_words(texts: Sequence[str], statistics: Statistics) -> list[str]:
    """Up to `TELLING_WORDS` different words of the texts, as stems, those with the largest TF-IDF weight first."""
    words = sorted({stem for text in texts for stem in _telling(text)})
    row = statistics.padded().tfidf(_counted(_APART.join(texts)))
    weights = row[0, terms.columns_of(words)].toarray().ravel() if words else np.zeros(0)
    return [words[n] for n in np.argsort(-weights, kind="stable")[:TELLING_WORDS]]


def by_words(query: Query, papers: Sequence[Paper], statistics: Statistics) -> NDArray[np.float64]:
    """How well papers that hold all phrases of a query answer its words, 0 to 100; the words of phrases count as well.

    The share s of the query's BM25 that a paper has, of what one would have that repeats each word without end, comes
    to 100 (1 - (1 - s)^2), which spreads the low end: nobody repeats words that much.
    """
    wanted = np.unique(terms.count_texts([_folded(text) for text in (*query.loose, *query.phrases)]).indices)
    words, pairs = wanted[wanted < terms.WORDS], wanted[wanted >= terms.WORDS]
    if not len(words):
        # Phrases of stop words and numbers only: a paper with them has all that was asked for.
        return np.full(len(papers), 100.0)
    known = statistics.padded()
    texts = _counted(*(f"{paper.title}{_APART}{paper.abstract}" for paper in papers))
    names = _counted(*(_APART.join(paper.authors) for paper in papers))
    idf = known.word_idf(words)
    in_names = (names[:, words].toarray() > 0) * (NAME_STRENGTH * idf)
    # Such a phrase beside words counts as much as one of them: every paper here holds it.
    held = idf.mean() * sum(not any(_telling(phrase)) for phrase in query.phrases)
    share = (np.maximum(known.bm25(texts)[:, words].toarray(), in_names).sum(axis=1) + held) / (idf.sum() + held)
    if len(pairs):
        pair_idf = known.word_idf(pairs)
        together = ((texts + names)[:, pairs].toarray() > 0) @ pair_idf / pair_idf.sum()
        share = (1 - PAIR_SHARE) * share + PAIR_SHARE * together
    scores: NDArray[np.float64] = (100 * (1 - (1 - share) ** 2)).round(2)
    return scores


def by_likeness(paper: Paper, papers: Sequence[Paper], statistics: Statistics) -> NDArray[np.float64]:
    """How like the paper each of the others is, 0 to 100: the cosine of their TF-IDF rows over words and pairs."""
    rows = statistics.padded().tfidf(terms.count([paper, *papers]))
    scores: NDArray[np.float64] = (100 * (rows[1:] @ rows[0].T).toarray().ravel()).round(2)
    return scores


def _counted(*texts: str) -> csr_matrix:
    return terms.count_texts([_folded(text) for text in texts])


def _telling(text: str) -> Iterator[str]:
    return (stem for stem in terms.stems(_folded(text)) if " " not in stem)


def _folded(text: str) -> str:
    """Small letters without marks."""
    if text.isascii():
        return text.lower()
    small = text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
    return unicodedata.normalize("NFC", _BEYOND_ASCII.sub(_unmarked, small))


def _unmarked(found: re.Match[str]) -> str:
    return _UNMARKED[found[0]]


def _without_marks(character: str) -> str:
    """A character beyond ASCII as small letters without marks, which does not depend on those beside it."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


_UNMARKED = Memo(_without_marks)


def _stem(word: str) -> str:
    return next(terms.stems(word), word)


_STEMS = Memo(_stem)
