"""The few deployments: what Python serves and what `prefect.yaml` registers are the same."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from types import ModuleType

pytestmark = pytest.mark.filterwarnings("ignore")  # of what Prefect uses, which is theirs to mend

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def deployments() -> ModuleType:
    """The module, imported as Prefect is to be set up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("flows.deployments")


def registered() -> dict[str, Any]:
    """The deployments of `prefect.yaml` by name."""
    written = YAML(typ="safe").load((REPOSITORY / "prefect.yaml").read_text(encoding="utf-8"))
    return {each["name"]: each for each in written["deployments"]}


def limit_of(made: Any) -> dict[str, Any]:  # noqa: ANN401  (Prefect's)
    """How many runs there are at once, as `prefect.yaml` has it; nothing where as many as there are calls."""
    if not made.schedules:
        assert made.concurrency_limit is None
        return {}
    collision = made.concurrency_options.collision_strategy.value
    return {"concurrency_limit": {"limit": made.concurrency_limit, "collision_strategy": collision}}


def test_both_ways_register_the_same(deployments: ModuleType) -> None:
    """Names, flows, crons, descriptions and limits of `prefect.yaml` are those of `python -m flows.deployments`."""
    made = [deployments.deployment(plan) for plan in deployments.PLANS]
    assert {
        each.name: {
            "name": each.name,
            "entrypoint": "{}/{}.py:{}".format(*each.entrypoint.split(".")),
            "description": each.description,
            "work_pool": {"name": "digest", "work_queue_name": "default"},
            "schedules": [
                {"cron": one.schedule.cron, "timezone": one.schedule.timezone, "active": True} for one in each.schedules
            ],
        }
        | limit_of(each)
        for each in made
    } == registered()


def test_no_schedule_is_by_local_clocks(deployments: ModuleType) -> None:
    """All are by UTC, where no hour is left out, and the dispatcher never runs twice at a time."""
    made = {plan.name: deployments.deployment(plan) for plan in deployments.PLANS}
    assert {one.schedule.timezone for each in made.values() for one in each.schedules} == {"UTC"}
    assert made["dispatch"].concurrency_options.collision_strategy.value == "CANCEL_NEW"


def test_another_rhythm_is_the_dispatchers_only(deployments: ModuleType) -> None:
    """`digest serve --every 1` makes the dispatcher quicker and nothing else."""
    crons = {
        plan.name: one.schedule.cron
        for plan in deployments.PLANS
        for one in deployments.deployment(plan, "1").schedules
        if one.schedule.cron != plan.cron
    }
    assert crons == {"dispatch": "*/1 * * * *"}
