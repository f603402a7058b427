"""The few deployments of an installation: `python -m flows.deployments` serves them, for a Prefect server that runs.

`prefect.yaml` says the same for workers on several machines. One dispatcher is for all readers: who is due stands in
our own table. All crons are by UTC, in which no hour is left out and none comes twice. A run that would begin while the
one before is still at it is not begun. What DIGEST_HOME names is the installation.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefect import serve
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy, StateType
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.states import Crashed
from prefect.types.entrypoint import EntrypointType

from flows.bounces import bounces
from flows.dispatch import dispatch
from flows.fetch import fetch
from flows.housekeeping import housekeeping
from flows.shards import HELP, compose

if TYPE_CHECKING:
    from prefect.flows import Flow

MINUTES = "DIGEST_DISPATCH_MINUTES"
"""The environment variable that says how often is looked for who is due, where that is not every five minutes."""

ALONE = "DIGEST_SERVES_ALONE"
"""Set where nobody else serves this installation, so that runs which are not over were left by somebody who died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A deployment: its name, what runs, when by UTC, and why then; without `cron` as often as it is called."""

    name: str
    flow: Flow[..., Any]
    description: str
    cron: str = ""


PLANS = (
    Plan(
        name="ingest",
        flow=fetch,
        description="Fetch what is listed: hourly behind arXiv's announcement at 20:00 in New York, and twice a day.",
        cron="20 0-6,12,18 * * *",
    ),
    Plan(
        name="dispatch",
        flow=dispatch,
        description="Compose and send what is due, for all readers.",
        cron="*/5 * * * *",
    ),
    Plan(name=HELP, flow=compose, description="Help the dispatcher of another machine to compose."),
    Plan(name="bounces", flow=bounces, description="Read mails that came back.", cron="50 * * * *"),
    Plan(name="housekeeping", flow=housekeeping, description="Clear away what is old.", cron="10 3 * * *"),
)


_ONE_AT_A_TIME = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


def deployment(plan: Plan, minutes: str = "") -> RunnerDeployment:
    """A plan as Prefect takes it; `minutes` is the dispatcher's rhythm, if it is another one."""
    cron = f"*/{int(minutes)} * * * *" if minutes and plan.name == "dispatch" else plan.cron
    return RunnerDeployment.from_flow(
        plan.flow,
        name=plan.name,
        schedules=[Cron(cron, timezone="UTC")] if cron else [],
        description=plan.description,
        entrypoint_type=EntrypointType.MODULE_PATH,
        concurrency_limit=_ONE_AT_A_TIME if cron else None,
    )


async def bury() -> int:
    """Call the runs crashed that somebody left who died, as they keep others out; how many there were."""
    left = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
    async with get_client() as client:
        runs = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=left))),
            deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[plan.name for plan in PLANS])),
        )
        for run in runs:
            await client.set_flow_run_state(run.id, Crashed(message="whoever ran it died"), force=True)
    return len(runs)


def main() -> None:
    """Serve all deployments until the process is stopped."""
    if os.environ.get(ALONE):
        asyncio.run(bury())
    every = [deployment(plan, os.environ.get(MINUTES, "")) for plan in PLANS]
    serve(*every, pause_on_shutdown=False, print_starting_message=False)


if __name__ == "__main__":
    main()
