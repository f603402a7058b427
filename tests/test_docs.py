"""The documents say what is so: their commands, settings, keys and links are held against the program."""

from __future__ import annotations

import pkgutil
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
from pydantic import BaseModel

from digest import profiles
from digest.cli.main import app
from digest.profile_model import ProfileModel
from digest.settings import KEYS, TABLES, Settings
from digest.sources import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "profiles/*.md", "templates/*.md", "digest/sample/*.md")
    for path in REPOSITORY.glob(pattern)
)
_BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<path>[^)#\s]+)|<img src=\"(?P<image>[^\"]+)\"")
_ENDS = {"|", "||", "&&", ";", ">", ">>", "2>", "<"}


def text_of(*names: str) -> str:
    """Documents as one text."""
    return "\n".join((REPOSITORY / name).read_text(encoding="utf-8") for name in names)


def blocks(path: Path, kind: str) -> Iterator[str]:
    """The code blocks of a document that are marked as of this kind."""
    return (block["text"] for block in _BLOCK.finditer(path.read_text(encoding="utf-8")) if block["kind"] == kind)


def calls(line: str) -> Iterator[tuple[str, ...]]:
    """Every call of `digest` in a line of shell, without what the shell itself takes."""
    words = shlex.split(line, comments=True)
    for start, word in enumerate(words):
        if word == "digest" and (start == 0 or words[start - 1] in _ENDS):
            end = next((n for n, each in enumerate(words[start:], start) if each in _ENDS), len(words))
            yield tuple(words[start + 1 : end])


def documented_calls() -> set[tuple[str, ...]]:
    """Calls in console blocks of all documents and in the examples of all help."""
    found = {
        call
        for path in DOCUMENTS
        for block in blocks(path, "console")
        for line in block.splitlines()
        if line.startswith("$ ")
        for call in calls(line.removeprefix("$ "))
    }
    for command in all_commands(typer.main.get_command(app)):
        for example in re.findall(r"Example: (.*)", command.help or ""):
            found.update(calls(example))
    return found


def all_commands(command: Any) -> Iterator[Any]:  # noqa: ANN401  (Typer's own type is private)
    """The command and those below it."""
    yield command
    for sub in getattr(command, "commands", {}).values():
        yield from all_commands(sub)


@pytest.mark.parametrize("call", sorted(documented_calls()), ids=" ".join)
def test_documented_commands_are_understood(call: tuple[str, ...]) -> None:
    """The command line takes each documented call: the command, its options and their values."""
    command: Any = typer.main.get_command(app)
    words = list(call)
    while subcommands := getattr(command, "commands", None):
        assert words, f"no command in {call}"
        command = subcommands[words.pop(0)]
    command.make_context("digest", words)


def test_every_command_is_documented() -> None:
    """Each command stands in a console block of the README or the documents."""
    documented = {tuple(filter(re.compile("[a-z]+(?:-[a-z]+)*").fullmatch, call[:2])) for call in documented_calls()}
    for name, command in typer.main.get_command(app).commands.items():
        below = getattr(command, "commands", None)
        for words in [(name, sub) for sub in below] if below else [(name,)]:
            assert any(each[: len(words)] == words for each in documented), words


def test_console_blocks_hold_commands_only() -> None:
    """There is at least one block of commands, and what looks like a command in it begins with a prompt."""
    lines = [line for path in DOCUMENTS for block in blocks(path, "console") for line in block.splitlines()]
    assert any(line.startswith("$ digest ") for line in lines)
    assert not [line for line in lines if line.startswith("digest ")]


def settings_of_all_tables() -> dict[str, Any]:
    """The default of every key of `digest.toml`, as the documents write it."""
    fields = {name: Settings.model_fields[name] for name in KEYS}
    for table, model in TABLES.items():
        fields |= {f"{table}.{name}": field for name, field in model.model_fields.items()}
    return {name: shown(field) for name, field in fields.items()}


def shown(field: FieldInfo) -> str:
    """A default as the documents write it; nothing for none."""
    default = field.default
    if field.is_required() or default is None or isinstance(default, BaseModel):
        return ""
    if isinstance(default, float):
        return f"{default:g}"
    return "[]" if default == () else str(default)


@pytest.mark.parametrize(("key", "default"), settings_of_all_tables().items())
def test_every_setting_is_documented_with_its_default(key: str, default: str) -> None:
    """The tables of settings have a row for each key, and the row has the default."""
    rows = re.findall(rf"^\| `{re.escape(key)}` \| (.*?) ?\|", text_of("docs/settings.md"), re.MULTILINE)
    assert len(rows) == 1, f"{key} stands in {len(rows)} rows of docs/settings.md"
    assert default == rows[0].strip("` ")


def test_no_setting_is_documented_that_is_none() -> None:
    """Every key in the tables of settings is one."""
    table = text_of("docs/settings.md").partition("Keys of `digest.toml`")[2]
    assert set(re.findall(r"^\| `([\w.]+)` \|", table, re.MULTILINE)) == settings_of_all_tables().keys()


def test_the_places_in_the_home_are_documented() -> None:
    """Each file and folder of DIGEST_HOME stands in the settings document."""
    settings = Settings(home=Path("/home"))
    folders = (settings.outbox, settings.pages, settings.profiles, settings.templates)
    for place in (settings.database, settings.secret, *folders):
        assert re.search(rf"^\| `{place.name}/?` \|", text_of("docs/settings.md"), re.MULTILINE), place.name


@pytest.mark.parametrize("key", ProfileModel.model_fields)
def test_every_profile_key_is_documented(key: str) -> None:
    """The table of profile keys has a row for each."""
    assert re.search(rf"^\| `{key}` \|", text_of("profiles/README.md"), re.MULTILINE)


def test_profiles_in_documents_are_good() -> None:
    """A profile shown as YAML is one that loads."""
    shown = [
        block for path in DOCUMENTS for block in blocks(path, "yaml") if re.search(r"^topics:", block, re.MULTILINE)
    ]
    assert shown
    for block in shown:
        assert profiles.loads(block, name="ada.yaml").topics


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_documented(name: str) -> None:
    """The table of formats has a row for each."""
    assert re.search(rf"^\| `{name}` \|", text_of("docs/formats.md"), re.MULTILINE)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_lead_somewhere(path: Path) -> None:
    """What a document links to in the repository is there."""
    for link in _LINK.finditer(path.read_text(encoding="utf-8")):
        target = link["path"] or link["image"]
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_modules_that_documents_name_exist(path: Path) -> None:
    """A dotted name like `digest.store.papers` is a module, or something in one."""
    for name in re.findall(r"`(digest(?:\.\w+)+)`", path.read_text(encoding="utf-8")):
        if name not in {"digest.toml", "digest.sqlite3"}:
            assert pkgutil.resolve_name(name)


def test_the_changelog_names_this_version_or_what_is_to_come() -> None:
    """The newest heading is the unreleased one or the version that the package bears."""
    version = re.search(r'^version = "(.*)"$', text_of("pyproject.toml"), re.MULTILINE)
    heading = re.search(r"^## \[?(.*?)\]?(?: .*)?$", text_of("CHANGELOG.md"), re.MULTILINE)
    assert version
    assert heading
    assert heading[1] in {"Unreleased", version[1]}
