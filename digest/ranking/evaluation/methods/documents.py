"""Papers and readers as documents, which is how the baselines see them.

A reader is a set of documents: each liked paper and each topic is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix, vstack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.types import Paper, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """The texts of a pool, its history and its readers.

    `papers` are the candidates, then the history; `topics` are all readers' topics. `wanted` is readers x (papers +
    topics), 1 where the document is one of the reader's.
    """

    papers: list[str]
    topics: list[str]
    wanted: csr_matrix

    @classmethod
    def of(cls, candidates: Sequence[Paper], history: Sequence[Paper], readers: Sequence[Profile]) -> Documents:
        """The documents of one pool; a liked paper that is nowhere in it is passed over."""
        papers = [*candidates, *history]
        place = {paper.id: n for n, paper in enumerate(papers)}
        topics: list[str] = []
        rows: list[int] = []
        columns: list[int] = []
        for row, reader in enumerate(readers):
            own = [place[paper_id] for paper_id in reader.liked if paper_id in place]
            first = len(papers) + len(topics)
            topics.extend(topic.text for topic in reader.topics)
            own.extend(range(first, len(papers) + len(topics)))
            columns.extend(own)
            rows.extend([row] * len(own))
        shape = (len(readers), len(papers) + len(topics))
        wanted = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
        return cls(papers=[f"{paper.title}\n{paper.abstract}" for paper in papers], topics=topics, wanted=wanted)

    def vectors(self, vectorizer: Any) -> csr_matrix:  # noqa: ANN401  (scikit-learn has no types)
        """Rows for papers and topics, with the vocabulary and the statistics of the papers.

        `vectorizer` is one of scikit-learn's text vectorizers, not yet fitted. Where the papers hold no term at all,
        there is one column of zeros.
        """
        try:
            of_papers = vectorizer.fit_transform(self.papers)
        except ValueError:
            # scikit-learn's way to say that its vocabulary is empty; texts of strings give it no other reason.
            return csr_matrix((len(self.papers) + len(self.topics), 1))
        return vstack([of_papers, vectorizer.transform(self.topics)], format="csr") if self.topics else of_papers
