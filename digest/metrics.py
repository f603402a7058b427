"""The state of an installation as Prometheus reads it (text format 0.0.4); no reader is named.

All of it is counted from the database when it is asked for: it is the same whoever answers, and survives restarts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from digest.subscription import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prometheus_client.metrics_core import Metric

    from digest.overview import Overview

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""What a server says that it is."""


def exposition(state: Overview) -> bytes:
    """The metrics, one family after the other, in an order that does not change."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(state))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, state: Overview) -> None:
        self._state = state

    def collect(self) -> Iterable[Metric]:
        state = self._state
        yield _counter("digest_papers", "Papers that came first from a source.", "source", state.papers_by_source)
        yield CounterMetricFamily("digest_issues", "Issues composed.", value=state.issues)
        yield _gauge(
            "digest_mails", "Deliveries by state.", "state", {each.value: count for each, count in state.mails.items()}
        )
        yield GaugeMetricFamily("digest_letters_waiting", "Letters not sent yet.", value=state.letters_waiting)
        yield _gauge(
            "digest_subscriptions",
            "Subscriptions by standing.",
            "standing",
            {each.value: state.subscriptions.get(each.value, 0) for each in Standing},
        )
        yield _gauge("digest_subscribers", "Subscribers by state of their address.", "state", state.addresses)
        yield _gauge("digest_suppressed", "Addresses that nothing is sent to.", "reason", state.suppressed)
        yield _gauge("digest_bounces_30_days", "Reports counted in 30 days.", "kind", state.bounced)
        yield _gauge("digest_periods_30_days", "What became of periods in 30 days.", "outcome", state.outcomes)
        yield GaugeMetricFamily("digest_alarms", "What is odd at present.", value=len(state.alarms))
        if state.lateness is not None:
            late = GaugeMetricFamily(
                "digest_lateness_seconds", "From due to composed, issues of the last day.", labels=["quantile"]
            )
            late.add_metric(["0.5"], state.lateness.median)
            late.add_metric(["0.95"], state.lateness.most)
            yield late
        if state.runs:
            _, last = state.runs[0]
            yield GaugeMetricFamily(
                "digest_last_run_timestamp_seconds",
                "When the last run that did something began.",
                value=last.started.timestamp(),
            )
            yield GaugeMetricFamily("digest_last_run_failures", "What failed in it.", value=last.failed)
            ranked = next((run for _, run in state.runs if run.above_bar is not None), None)
            if ranked is not None and ranked.above_bar is not None:
                yield GaugeMetricFamily(
                    "digest_above_bar_ratio",
                    "Share of papers above their readers' bars in the last run with issues.",
                    value=ranked.above_bar,
                )
        if state.next_issue is not None:
            yield GaugeMetricFamily(
                "digest_next_issue_timestamp_seconds", "When the next issue is due.", value=state.next_issue.timestamp()
            )


def _gauge(name: str, about: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def _counter(name: str, about: str, label: str, values: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, about, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family
