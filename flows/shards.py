"""Shards of readers, composed by the workers of several machines: a task each, and a flow for a machine that helps."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from httpx import HTTPError
from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound

from digest import settings, shards
from digest.clock import Clock
from digest.corpus import Corpus
from digest.store import Store

HELP = "compose"
"""The flow of a machine that helps, and its deployment."""

_CORPUS = Corpus()
"""What this process has counted of the papers: it composes one shard after the other."""


@task(cache_policy=NO_CACHE, task_run_name="shard {number}")
def compose_shard(home: Path, number: int) -> bool:
    """`digest.shards.compose_shard`; whether it was this process's to do. Neither readers nor papers pass Prefect."""
    options = settings.load(home)
    with Store(options.database) as store:
        done = shards.compose_shard(store, options, number, now=_clock(), environment=os.environ, corpus=_CORPUS)
    return done is not None


@flow(name=HELP)
async def compose(home: Path | None = None) -> int:
    """Take shards that nobody works on until there are none; how many were begun.

    The installation is at `home`, or where this machine's DIGEST_HOME says.
    """
    here = home or settings.home(os.environ)
    with Store(settings.load(here).database) as store:
        return shards.work_off(store, partial(compose_shard, here))


def engine(home: Path) -> shards.Engine:
    """Shards as tasks here, and as flow runs of the deployment `compose` on other machines."""
    return shards.Engine(work=partial(compose_shard, home), call=call, clock=Clock(now=_clock))


def call(helpers: int) -> None:
    """Ask for so many runs of the deployment `compose`, less those that wait for a worker already.

    Where nobody can be asked this machine works alone, and the run's log says so.
    """
    try:
        with get_client(sync_client=True) as client:
            found = client.read_deployment_by_name(f"{HELP}/{HELP}")
            is_waiting = FlowRunFilterStateType(any_=[StateType.SCHEDULED])
            waiting = client.read_flow_runs(
                flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=is_waiting)),
                deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[found.id])),
            )
            for _ in range(helpers - len(waiting)):
                client.create_flow_run_from_deployment(found.id)
    except (ObjectNotFound, HTTPError) as error:
        get_run_logger().warning("no other machine can be asked to help: %s", error)


def _clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  (who is waited for, and for how long, is seen by it)
