"""`digest db`: what is said of a database, and what is refused."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from digest import databases, sample
from digest.store import LATEST, Store
from digest.store.tables import metadata

if TYPE_CHECKING:
    from pathlib import Path

    from digest.databases import Place


def run_sql(path: Path, *statements: str) -> None:
    """Do something to a file that no version of this program does."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_upgrade_says_from_what_to_what(program: Any, place: Place) -> None:  # noqa: ANN401
    """A database of this version has nothing to do; each is named without a password."""
    if not isinstance(place, databases.Server):
        assert program("db", "upgrade") == (0, f"{place}: schema none -> {LATEST}\n", "")
    assert program("db", "upgrade") == (0, f"{place}: schema {LATEST}, nothing to do\n", "")


def test_a_newer_database_is_refused_by_all(program: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """There is no way back but a backup, and the message says what to do."""
    file = tmp_path / "digest.sqlite3"
    Store(file).close()
    run_sql(file, "UPDATE alembic_version SET version_num = '0999'")
    for words in (("upgrade",), ("check",), ("copy", file, tmp_path / "new.sqlite3")):
        code, out, err = program("db", *words)
        assert (code, out) == (1, "")
        assert f"schema 0999, this program knows {LATEST}; install a newer paper-digest" in err


def test_check_counts_and_changes_nothing(program: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Of an older schema it says so, and leaves it."""
    file = tmp_path / "digest.sqlite3"
    assert program("db", "check") == (1, "", f"digest: no database: {str(file)!r}: not there\n")
    assert not file.exists()
    program("ingest", sample.FOLDER, "--as-of", "2025-05-09")
    run_sql(file, "UPDATE alembic_version SET version_num = '0011'", "DROP TABLE askings")
    code, out, err = program("db", "check")
    assert (code, err) == (0, "")
    first, *rows, last = out.splitlines()
    assert first == f"{file}: schema 0011, this program's is {LATEST}: digest db upgrade"
    assert "papers                       60" in rows
    assert len(rows) == len(metadata.tables) - 1
    assert last == "whole"
    found = json.loads(program("db", "check", "--json")[1])
    assert (found["schema"], found["rows"]["papers"], found["faults"]) == ("0011", 60, [])


def test_check_finds_what_is_wrong(program: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """A row that points to none, and an index that is not that of its table."""
    file = tmp_path / "digest.sqlite3"
    program("ingest", sample.FOLDER, "--as-of", "2025-05-09")
    run_sql(file, "INSERT INTO judgements VALUES ('ada', 99, 1, '2025-05-09')")
    code, out, err = program("db", "check")
    assert (code, err) == (1, "fault: judgements.seq: 1 rows point to none in papers\n")
    assert out.endswith("not whole\n")
    run_sql(
        file,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = 'CREATE INDEX ix_papers_day ON papers (title)' WHERE name = 'ix_papers_day'",
    )
    faults = json.loads(program("db", "check", "--json")[1])["faults"]
    assert any("ix_papers_day" in fault for fault in faults)


def test_check_reads_a_server(program: Any, place: Place) -> None:  # noqa: ANN401
    """The same lines, whatever the database."""
    Store(place).close()
    code, out, err = program("db", "check")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"{place}: schema {LATEST}"
    assert out.endswith("\nwhole\n")


def test_copy_prints_what_came(program: Any, tmp_path: Path, place: Place) -> None:  # noqa: ANN401
    """A line for each table with its rows and the sum of them, then all of it."""
    old = tmp_path / "old.sqlite3"
    Store(old).close()
    run_sql(old, "INSERT INTO checkpoints VALUES ('dump', 5, 1, '{}')")
    target = databases.VARIABLE if isinstance(place, databases.Server) else place
    code, out, err = program("db", "copy", old, target)
    assert (code, err) == (0, "")
    *tables, last = out.splitlines()
    assert len(tables) == len(metadata.tables)
    assert last == f"1 row, the same in both: {old} -> {place}"
    back = json.loads(program("db", "copy", target, tmp_path / "back.sqlite3", "--json")[1])
    assert [f"{each['table']:<18} {each['rows']:>12,}  {each['checksum'][:16]}" for each in back["tables"]] == tables
    assert program("db", "copy", old, target)[2] == (
        f"digest: the database is not empty: {str(place)!r}: there are rows in checkpoints\n"
    )


def test_copy_takes_no_password_on_its_command_line(program: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Nor does it repeat one; a file that is not there is not made, and an empty variable is named."""
    url = "postgresql://ada:geheim@db.example.org/digest"
    for words in ((url, tmp_path / "a"), (f"{url.replace(':geheim', '')}?password=geheim", tmp_path / "a")):
        code, _, err = program("db", "copy", *words)
        assert code == 1
        assert "a command line is no place for a password" in err
        assert "geheim" not in err
    assert "not there" in program("db", "copy", tmp_path / "a", tmp_path / "b")[2]
    assert program("db", "copy", "DIGEST_DATABASE_URL", tmp_path / "b")[2] == (
        "digest: DIGEST_DATABASE_URL: not in the environment\n"
    )
    assert not list(tmp_path.glob("[ab]"))
