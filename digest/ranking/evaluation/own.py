"""One reader's last days as an evaluation set: would the profile have shown what the reader liked?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest.ranking.evaluation.sets import EvaluationSet, Task

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import date

    from digest.types import Paper, Profile


def own_set(  # noqa: PLR0913  (the reader, the papers, and where to cut them)
    profile: Profile,
    liked: Collection[str],
    news: Sequence[tuple[date, Paper]],
    *,
    earlier: Sequence[Paper],
    judged: Mapping[str, Paper],
    until: date,
    background_papers: int,
) -> EvaluationSet:
    """A task for each day up to `until` that brought a paper the reader likes; its pool is the news of that day.

    Nobody knows the future: a day's reader is the profile less every liked or disliked paper that was news on that day
    or later, and its history is what was news before: the newest `background_papers`, and the papers that the profile
    still names. Without a liked paper there is no task.

    Args:
        profile: The reader.
        liked: Ids of the papers that the reader likes, in the profile or by a judgement.
        news: (day, paper) of all papers from the first day of the period on, those after `until` included.
        earlier: Papers that were news before all of these, the newest first.
        judged: The known papers that the profile names, by the ids it has for them.
        until: The last day that gets a task.
        background_papers: How many papers a history has besides those that the profile names.
    """
    papers = {paper.id: paper for paper in (*earlier, *judged.values(), *(paper for _, paper in news))}
    known = [paper.id for paper in reversed(earlier)]
    to_come = {paper.id for _, paper in news}
    pools: dict[str, tuple[str, ...]] = {}
    histories: dict[str, tuple[str, ...]] = {}
    tasks = []
    for day in sorted({day for day, _ in news if day <= until}):
        pool, fresh = day.isoformat(), tuple(paper.id for on, paper in news if on == day)
        if relevant := frozenset(fresh).intersection(liked):
            reader = replace(_before(profile, judged, to_come), slug=f"{profile.slug} {pool}")
            background = known[max(len(known) - background_papers, 0) :]
            pools[pool] = fresh
            histories[pool] = tuple(dict.fromkeys((*background, *reader.liked, *reader.disliked)))
            tasks.append(Task(id=reader.slug, pool=pool, reader=reader, relevant=relevant))
        known.extend(fresh)
        to_come.difference_update(fresh)
    return EvaluationSet(papers=papers, pools=pools, tasks=tuple(tasks), histories=histories)


def _before(profile: Profile, judged: Mapping[str, Paper], to_come: AbstractSet[str]) -> Profile:
    """The profile without the papers that were still to come, the others under their canonical ids."""
    named = {name: judged[name].id for name in (*profile.liked, *profile.disliked) if name in judged}
    kept = {name: paper_id for name, paper_id in named.items() if paper_id not in to_come}
    return replace(
        profile,
        liked=tuple(dict.fromkeys(kept[name] for name in profile.liked if name in kept)),
        disliked=tuple(dict.fromkeys(kept[name] for name in profile.disliked if name in kept)),
        judged_on={kept[name]: day for name, day in profile.judged_on.items() if name in kept},
    )
