"""What became of a task: a value, a fault a person can mend, or a bug that ends the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from digest.errors import DigestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefect.futures import PrefectFuture

    from digest.run_report import RunReport

T = TypeVar("T")


def settled(futures: Iterable[PrefectFuture[T]]) -> Iterator[T | DigestError]:
    """Each task's value or its `DigestError`, in order of submission.

    Raises:
        Exception: whatever else a task raised: a bug, which must fail the run.
    """
    for future in futures:
        result = future.result(raise_on_failure=False)
        if isinstance(result, BaseException) and not isinstance(result, DigestError):
            raise result
        yield result


def table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """A Markdown table under a heading, for the run's artifact."""
    lines = [f"## {title}", "", _row(columns), _row("---" for _ in columns), *map(_row, rows)]
    return "\n".join(lines)


def report_table(title: str, report: RunReport) -> str:
    """What a run did for readers, as a table."""
    rows: list[tuple[object, ...]] = [
        ("readers", len(report.issues) + len(report.skipped)),
        ("issues composed", len(report.issues)),
        ("mails delivered", report.delivered),
        *report.details(),
        *((f"failed: {fault['profile'] or 'delivery'}", fault["why"]) for fault in report.failed),
    ]
    return table(title, ("what", "count"), rows)


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
