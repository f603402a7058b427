"""Count the general document frequencies that ship as digest/ranking/frequencies.tsv.

Usage: python bench/frequencies.py DUMP… > digest/ranking/frequencies.tsv

Only numbers leave the dumps: in how many papers a term stands. Terms of fewer than MIN_PAPERS papers are left out.
"""

import sys
from collections import Counter
from datetime import date
from pathlib import Path

from digest.ranking.terms import stems
from digest.reading import Location, locate, opened
from digest.sources import read
from digest.types import Paper

MIN_PAPERS = 4


def main(paths: list[Path]) -> None:
    """Print the number of papers, then a line a term."""
    titles = set()
    frequencies: Counter[str] = Counter()
    for location in locate(paths):
        if not isinstance(location, Location):
            raise SystemExit(str(location))
        with opened(location, date(2000, 1, 1), lambda _: None) as dump:
            papers = [record.outcome for record in read(dump) if isinstance(record.outcome, Paper)]
        for paper in papers:
            if paper.title not in titles:
                titles.add(paper.title)
                frequencies.update({*stems(paper.title), *stems(paper.abstract)})
    print(f"papers\t{len(titles)}")
    for term, frequency in sorted(frequencies.items()):
        if frequency >= MIN_PAPERS:
            print(f"{term}\t{frequency}")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
