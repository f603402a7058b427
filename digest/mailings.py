"""The days on which a source should have news: for arXiv its days of mailing, for any other every day (pure)."""

from __future__ import annotations

from datetime import date, timedelta

FRIDAY = 5


def news_days(source: str, after: date, until: date) -> list[date]:
    """The days behind `after`, up to `until`, on which a source should have news."""
    days = (after + timedelta(days=n) for n in range(1, (until - after).days + 1))
    return [day for day in days if has_news(source, day)]


def has_news(source: str, day: date) -> bool:
    """Whether a source should have news on a day: arXiv mails on working days but its holidays, others any day."""
    return not is_arxiv(source) or (day.isoweekday() <= FRIDAY and day not in arxiv_holidays(day.year))


def arxiv_holidays(year: int) -> frozenset[date]:
    """The working days of a year without arXiv's mailing (https://info.arxiv.org/help/availability.html).

    These are the holidays of the United States that arXiv keeps, and the days around Christmas and New Year.
    """
    thanksgiving = _nth(year, 11, 4, 4)
    return frozenset(
        {
            date(year, 1, 1),
            _nth(year, 1, 1, 3),  # Martin Luther King Jr. Day
            _nth(year, 6, 1, 1) - timedelta(days=7),  # Memorial Day: the last Monday of May
            _kept(date(year, 6, 19)),  # Juneteenth
            _kept(date(year, 7, 4)),  # Independence Day
            _nth(year, 9, 1, 1),  # Labor Day
            thanksgiving,
            thanksgiving + timedelta(days=1),
            date(year, 12, 25),
            date(year, 12, 26),
        }
    )


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    """The n-th day of a month that is a weekday (ISO: Monday is 1)."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.isoweekday()) % 7 + 7 * (n - 1))


def _kept(day: date) -> date:
    """The working day on which a holiday is kept: that before a Saturday, that behind a Sunday."""
    saturday, sunday = 6, 7
    shift = {saturday: -1, sunday: 1}.get(day.isoweekday(), 0)
    return day + timedelta(days=shift)


def is_arxiv(source: str) -> bool:
    """Whether a source, by its name, is arXiv or a category of it."""
    return source.partition(":")[0] == "arxiv"
