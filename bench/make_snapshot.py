"""Write lines shaped like the arXiv metadata snapshot, with synthetic text: the same seed gives the same bytes.

    python bench/make_snapshot.py snapshot.json.gz --lines 200000 --seed 1

Keys and shapes are those of https://www.kaggle.com/datasets/Cornell-University/arxiv. Words are invented and drawn by
the Zipf-Mandelbrot law, so that term statistics look like those of text; lengths, TeX, accents and versions come about
as often as in the real file, because they decide what a line costs.
"""

from __future__ import annotations

import argparse
import gzip
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

VOCABULARY = 30_000
SHORT_WORDS = 300
ZIPF_SHIFT = 2.7
"""Of the Zipf-Mandelbrot law: the word of rank r has the weight 1 / (r + 2.7)."""

SHARES = {"TeX": 0.3, "accent": 0.05, "comments": 0.9, "journal": 0.55}
"""How many papers have one, as in the real file."""

BLOCK = 2000
"""Papers made at once; all numbers of a block are drawn in one call."""

PAPERS_A_MONTH = 15_000
FIRST_YEAR = 2015
ONSETS = "b c d f g h l m n p r s t v br ch cl cr dr fl gr pl pr qu sc sp st th tr".split()  # noqa: SIM905
VOWELS = "a e i o u ai ea io ou".split()  # noqa: SIM905
CODAS = ["", "", "", "n", "r", "s", "l", "t", "m", "nd", "st"]
TEX = ("$\\alpha$", "$O(n \\log n)$", "\\emph{ab initio}", "$\\mathcal{N}=4$", "Schr\\\"odinger's", "1--2", "$x<y$")
CATEGORIES = ("cs.LG", "cs.CL", "cs.CV", "stat.ML", "hep-ph", "math.CO", "quant-ph", "astro-ph.GA", "cond-mat.str-el")


def main() -> None:
    """Write the file that the arguments name; gzipped where its name ends in `.gz`."""
    parser = argparse.ArgumentParser(description="Write a synthetic arXiv metadata snapshot.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write(arguments.path, arguments.lines, arguments.seed)


def write(path: Path, count: int, seed: int) -> None:
    """Write `count` lines to `path`."""
    # No name and no time in the gzip header, so that the bytes depend on the arguments alone.
    zipped = path.suffix == ".gz"
    with path.open("wb") as raw, closing(gzip.GzipFile("", "wb", 1, raw, mtime=0) if zipped else raw) as file:
        for line in lines(count, seed):
            file.write(line)


def lines(count: int, seed: int) -> Iterator[bytes]:
    """`count` lines, each one paper's JSON object with its line end."""
    rng = np.random.default_rng(seed)
    words = vocabulary(rng)
    law = np.cumsum(1 / (np.arange(VOCABULARY) + 1 + ZIPF_SHIFT))
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        lengths = np.clip(rng.lognormal(4.7, 0.5, size), 20, 330).astype(int)
        titles = rng.integers(4, 15, size)
        ranks = np.searchsorted(law, rng.random(int(lengths.sum() + titles.sum())) * law[-1])
        stream = iter([words[rank] for rank in ranks])
        for n in range(size):
            title = " ".join(next(stream) for _ in range(titles[n])).capitalize()
            abstract = [next(stream) for _ in range(lengths[n])]
            yield orjson.dumps(record(start + n, title, abstract, words, rng)) + b"\n"


def vocabulary(rng: np.random.Generator) -> list[str]:
    """Invented words, the commonest first and shortest."""
    found: dict[str, None] = {}
    syllables = [onset + vowel + coda for onset in ONSETS for vowel in VOWELS for coda in CODAS]
    while len(found) < VOCABULARY:
        length = 1 if len(found) < SHORT_WORDS else int(rng.integers(2, 4))
        picked = rng.integers(0, len(syllables), length)
        found["".join(syllables[n] for n in picked)] = None
    return list(found)


def record(number: int, title: str, abstract: list[str], words: list[str], rng: np.random.Generator) -> dict[str, Any]:
    """The object of paper `number`, counted from 0."""
    month, place = divmod(number, PAPERS_A_MONTH)
    year, month = FIRST_YEAR + month // 12, month % 12 + 1
    arxiv_id = f"{year % 100:02}{month:02}.{place + 1:05}"
    has = dict(zip(SHARES, rng.random(len(SHARES)) < list(SHARES.values()), strict=True))
    if has["TeX"]:
        abstract[int(rng.integers(len(abstract)))] = TEX[int(rng.integers(len(TEX)))]
    sentences = (" ".join(abstract[n : n + 18]).capitalize() for n in range(0, len(abstract), 18))
    people = rng.integers(200, 5000, (1 + min(int(rng.geometric(0.35)), 30), 2))
    names = [[words[last].capitalize(), words[first].capitalize(), ""] for last, first in people.tolist()]
    if has["accent"]:
        names[0][0] = 'M\\"uller'
    sent = datetime(year, month, 1, tzinfo=UTC) + timedelta(minutes=2 * place)
    versions = [
        {"version": f"v{n + 1}", "created": format_datetime(sent + timedelta(days=40 * n), usegmt=True)}
        for n in range(min(int(rng.geometric(0.6)), 9))
    ]
    return {
        "id": arxiv_id,
        "submitter": f"{names[0][1]} {names[0][0]}",
        "authors": ", ".join(f"{first} {last}" for last, first, _ in names),
        "title": title,
        "comments": f"{place % 40 + 2} pages, {place % 9} figures" if has["comments"] else None,
        "journal-ref": f"J. Synth. {place % 90}, {year}" if has["journal"] else None,
        "doi": f"10.5555/synth.{number}" if has["journal"] else None,
        "report-no": None,
        "categories": " ".join(dict.fromkeys(CATEGORIES[n] for n in rng.integers(0, len(CATEGORIES), 2))),
        "license": "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
        "abstract": "  " + ".\n".join(sentences) + ".\n",
        "versions": versions,
        "update_date": (sent + timedelta(days=40 * (len(versions) - 1))).date().isoformat(),
        "authors_parsed": names,
    }


if __name__ == "__main__":
    main()
