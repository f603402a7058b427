"""Count the general document frequencies that ship as digest/ranking/frequencies.tsv.

Usage: python bench/frequencies.py DUMP… > digest/ranking/frequencies.tsv

Only numbers leave the dumps: in how many papers a term stands. Terms of fewer than MIN_PAPERS papers are left out.
"""

import sys
from collections import Counter
from datetime import date
from pathlib import Path

from digest.ranking.terms import Analyser
from digest.reading import dumps
from digest.sources import read
from digest.types import Paper

MIN_PAPERS = 4


def main(paths: list[Path]) -> None:
    """Print the number of papers, then a line a term."""
    titles = set()
    frequencies: Counter[str] = Counter()
    analyser = Analyser()
    for dump in dumps(paths, as_of=date(2000, 1, 1)):
        for record in read(dump):
            if isinstance(record.outcome, Paper) and record.outcome.title not in titles:
                titles.add(record.outcome.title)
                frequencies.update({*analyser.terms(record.outcome.title), *analyser.terms(record.outcome.abstract)})
    print(f"papers\t{len(titles)}")
    for term, frequency in sorted(frequencies.items()):
        if frequency >= MIN_PAPERS:
            print(f"{term}\t{frequency}")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
