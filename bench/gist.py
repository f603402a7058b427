"""How near a sentence comes to what people (or a model) said of the same paper: ours, and the usual ways to choose one.

    python bench/gist.py ../shared/samples
    python bench/gist.py aclsum/dataset --part test
    python bench/gist.py SciTLDR-Data/SciTLDR-A --part test

A folder holds dumps that `digest ingest` reads, of which the papers with a summary of their source are taken; or the
ACLSum set (Takeshita et al., 2024), whose summary of the approach is taken; or the SciTLDR set (Cachola et al., 2020),
where each paper has several summaries and the best match counts. Only abstracts that are long enough to be given a gist
are looked at. For each way to choose: mean ROUGE-1 and ROUGE-L F1 (Lin, 2004: words in small letters, no stemming), and
a 95 % bootstrap interval over papers. Below, by how much ours is better than the best other way, on the same
papers.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from digest import gist, reading, sources
from digest.errors import DigestError
from digest.sentences import sentences
from digest.types import Paper
from digest.typeset import columns, one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLES = 10_000
DAMPING, STEPS = 0.85, 50


@dataclass(frozen=True, slots=True)
class Told:
    """A paper, and what was said of it elsewhere."""

    title: str
    abstract: str
    summaries: tuple[str, ...]


Way = Callable[[str, str], str]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure ways to choose a sentence against summaries.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", default="*", help="train, val, dev or test, in a set that has parts")
    options = parser.parse_args()
    found = [each for each in told(options.folder, options.part) if is_long_enough(each)]
    if not found:
        raise SystemExit(f"no paper with a summary and a long abstract in {options.folder}")
    scores = {name: np.array([nearness(way(each.title, each.abstract), each) for each in found]) for name, way in WAYS}
    scores["the best sentence there is"] = np.array([best_there_is(each) for each in found])
    print(f"{len(found)} papers\n\n| way | ROUGE-1 | ROUGE-L |\n|---|---|---|")
    for name, values in scores.items():
        print(f"| {name} | {' | '.join(interval(column) for column in values.T)} |")
    others = [name for name in scores if not name.startswith(("ours", "the best"))]
    for number, measure in enumerate(("ROUGE-1", "ROUGE-L")):
        best = max(others, key=lambda name, column=number: float(scores[name][:, column].mean()))
        ahead = interval((scores["ours"] - scores[best])[:, number], signed=True)
        print(f"\n{measure}: ours less {best}: {ahead}")


def told(folder: Path, part: str) -> Iterator[Told]:
    """The papers of a folder that have summaries."""
    lines = [line for path in sorted(folder.glob(f"{part}.jsonl")) for line in path.read_text().splitlines()]
    if not lines:
        yield from of_dumps(folder)
    for line in lines:
        entry = json.loads(line)
        if "target" in entry:
            yield Told(entry["title"], " ".join(entry["source"]), tuple(entry["target"]))
        else:
            paper = json.loads((folder / "paper_jsons" / f"{entry['id']}.json").read_text())
            yield Told(paper["title"], paper["abstract"], (entry["summary"]["approach"],))


def of_dumps(folder: Path) -> Iterator[Told]:
    """The papers of dumps of which the source gives a summary, each once."""
    seen = set()
    for place in reading.locate([folder]):
        if isinstance(place, DigestError):
            continue
        try:
            with reading.opened(place, date.max, lambda _: None) as dump:
                records = list(sources.read(dump))
        except DigestError:
            continue
        for paper in (record.outcome for record in records):
            if isinstance(paper, Paper) and paper.signals.summary and paper.id not in seen:
                seen.add(paper.id)
                yield Told(paper.title, paper.abstract, (paper.signals.summary,))


def is_long_enough(paper: Told) -> bool:
    """Whether the abstract is one that a gist is chosen from."""
    return columns(paper.abstract) >= gist.SHORTEST_ABSTRACT and len(sentences(paper.abstract)) > 1


def first(_title: str, abstract: str) -> str:
    """The first sentence."""
    return sentences(abstract)[0]


def last(_title: str, abstract: str) -> str:
    """The last sentence."""
    return sentences(abstract)[-1]


def shares_most_words_with_title(title: str, abstract: str) -> str:
    """The sentence with the best ROUGE-1 against the title."""
    return max(sentences(abstract), key=lambda sentence: rouge_1(sentence, title))


def nearest_to_title(title: str, abstract: str) -> str:
    """The sentence with the highest TF-IDF cosine with the title."""
    found = sentences(abstract)
    rows = vectors([title, *found])
    return found[int((rows[1:] @ rows[0]).argmax())]


def most_central(_title: str, abstract: str) -> str:
    """The sentence that a walk from sentence to like sentence is most often at (LexRank; Erkan and Radev, 2004)."""
    found = sentences(abstract)
    rows = vectors(found)
    likeness = rows @ rows.T
    moves = likeness / likeness.sum(axis=1, keepdims=True)
    weights = np.full(len(found), 1 / len(found))
    for _ in range(STEPS):
        weights = (1 - DAMPING) / len(found) + DAMPING * weights @ moves
    return found[int(weights.argmax())]


def ours_whole(title: str, abstract: str) -> str:
    """The sentence that we choose, as it stands in the abstract."""
    return max(gist.scores(title, one_line(abstract)), key=lambda each: each[1])[0]


WAYS: tuple[tuple[str, Way], ...] = (
    ("first sentence", first),
    ("last sentence", last),
    ("most words of the title", shares_most_words_with_title),
    ("nearest to the title (TF-IDF)", nearest_to_title),
    ("most central (LexRank)", most_central),
    ("ours", gist.gist),
    ("ours, untrimmed", ours_whole),
)


def vectors(texts: list[str]) -> NDArray[np.float64]:
    """TF-IDF rows of length 1 over the texts themselves, stop words left out."""
    made = TfidfVectorizer(stop_words="english")
    try:
        rows: NDArray[np.float64] = made.fit_transform(texts).toarray()
    except ValueError:  # nothing but stop words
        return np.ones((len(texts), 1))
    return rows + 1e-9  # a sentence of stop words is like no other and must not divide by nothing


def nearness(sentence: str, paper: Told) -> tuple[float, float]:
    """ROUGE-1 and ROUGE-L with the summary that is nearest, each."""
    return (
        max(rouge_1(sentence, summary) for summary in paper.summaries),
        max(rouge_l(sentence, summary) for summary in paper.summaries),
    )


def best_there_is(paper: Told) -> tuple[float, float]:
    """What whoever knows the summary could reach with one sentence, for each measure."""
    found = [nearness(sentence, paper) for sentence in sentences(paper.abstract)]
    return max(each[0] for each in found), max(each[1] for each in found)


def words(text: str) -> list[str]:
    """The words in small letters."""
    return re.findall(r"[^\W_]+", text.lower())


def rouge_1(candidate: str, reference: str) -> float:
    """F1 of the words that both have (Lin, 2004, section 2)."""
    one, other = words(candidate), words(reference)
    return f1(sum((Counter(one) & Counter(other)).values()), len(one), len(other))


def rouge_l(candidate: str, reference: str) -> float:
    """F1 of the longest common subsequence of words (Lin, 2004, section 3)."""
    one, other = words(candidate), words(reference)
    row = [0] * (len(other) + 1)
    for word in one:
        corner = 0
        for at, each in enumerate(other, start=1):
            corner, row[at] = row[at], corner + 1 if word == each else max(row[at], row[at - 1])
    return f1(row[-1], len(one), len(other))


def f1(shared: int, one: int, other: int) -> float:
    """The harmonic mean of precision and recall."""
    return 2 * shared / (one + other) if shared else 0.0


def interval(values: NDArray[np.float64], *, signed: bool = False) -> str:
    """The mean, and where it would be in 95 of 100 samples of as many papers."""
    chance = np.random.default_rng(0)
    means = values[chance.integers(len(values), size=(SAMPLES, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    form = "+.3f" if signed else ".3f"
    return f"{values.mean():{form}} ({low:{form}} to {high:{form}})"


if __name__ == "__main__":
    main()
