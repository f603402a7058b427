"""What holds for the package as a whole: which module may import which, and what a wheel carries."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def test_imports_keep_to_the_contracts() -> None:
    """Layers point down, Prefect stays in `flows`, and the pure core talks to nobody."""
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_every_module_is_in_a_layer() -> None:
    """A module of `digest` that no layer names would be held to nothing."""
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(each["layers"] for each in contracts["contracts"] if each["type"] == "layers")
    named = {name.strip() for layer in layers for name in re.split(r"[|:]", layer)}
    modules = {
        f"digest.{path.stem}"
        for path in (REPOSITORY / "digest").iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file()
    }
    assert modules <= named


def test_one_module_knows_what_databases_spell_otherwise() -> None:
    """A statement of SQLite's own elsewhere would fail on PostgreSQL."""
    own = re.compile(r"sqlalchemy\.dialects|json_(?:each|extract)|OR (?:IGNORE|REPLACE) INTO|prefix_with")
    found = {
        path.name
        for path in (REPOSITORY / "digest").rglob("*.py")
        if "migrations" not in path.parts and own.search(path.read_text(encoding="utf-8"))
    }
    # The index of words is always SQLite's.
    assert found - {"word_index.py"} == {"dialect.py"}


@pytest.mark.slow
def test_a_wheel_carries_templates_examples_and_sample(tmp_path: Path) -> None:
    """The wheel has all that the program reads, and the program runs from it away from the checkout."""
    pytest.importorskip("hatchling", reason="building without a network needs hatchling in the environment")
    build = [sys.executable, "-m", "pip", "wheel", str(REPOSITORY), "--no-deps", "--no-build-isolation", "-q"]
    subprocess.run([*build, "-w", str(tmp_path)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    for folder, inside in (("templates", "digest/templates"), ("profiles", "digest/sample/profiles")):
        for path in (REPOSITORY / folder).rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                assert f"{inside}/{path.relative_to(REPOSITORY / folder)}" in names
    assert {"digest/ranking/frequencies.tsv", "digest/sample/papers/2025-05-09.jsonl", "flows/issues.py"} <= names
    assert not [name for name in names if name.startswith(("tests", "bench", "docs"))]
    program = (
        "import sys; sys.path.insert(0, 'site'); import digest; from digest.cli import main\n"
        "assert digest.__file__.startswith(sys.argv.pop(1)), digest.__file__\n"
        "sys.argv = ['digest', *sys.argv[1:]]; main()"
    )
    for words in (["ingest", "site/digest/sample/papers"], ["run", "--engine", "plain", "--date", "2025-05-09"]):
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path), *words],
            cwd=tmp_path,
            env={"DIGEST_HOME": str(tmp_path / "home"), "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.splitlines()[-1].startswith("3 mails in ")
