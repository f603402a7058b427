"""What a reader's last days tell of the profile: the evaluation set that the database holds of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from digest.ranking.evaluation.own import own_set
from digest.store import judgements, papers

if TYPE_CHECKING:
    from datetime import date

    from digest.ranking.evaluation.sets import EvaluationSet
    from digest.settings import Settings
    from digest.store import Store
    from digest.types import Profile


def evaluation_set(store: Store, settings: Settings, profile: Profile, *, until: date, days: int) -> EvaluationSet:
    """The reader before the news of each of `days` days up to `until`: see `digest.ranking.evaluation.own`.

    The reader likes what the profile says is liked; where a judgement of the same paper says otherwise, it counts.
    """
    since = until - timedelta(days=days - 1)
    with store.reading() as connection:
        # All that is known of later days, too: likes of papers that were still to come must not tell of them.
        news = [(day, paper) for _, day, paper in papers.between(connection, since, None)]
        earlier = papers.before(connection, since, settings.background_papers)
        judged = papers.by_ids(connection, (*profile.liked, *profile.disliked))
        said = judgements.of(connection, profile.slug)
    liked = {judged[name].id for name in profile.liked if name in judged and name not in profile.disliked}
    liked -= {judgement.paper for judgement in said if not judgement.liked}
    liked |= {judgement.paper for judgement in said if judgement.liked}
    return own_set(
        profile,
        liked,
        news,
        earlier=earlier,
        judged=judged,
        until=until,
        background_papers=settings.background_papers,
    )
