"""Evaluation sets: what is read from a folder, and that every fault is named with its place and its mend."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from digest.errors import EvaluationError
from digest.ranking.evaluation import sets
from digest.types import Topic

if TYPE_CHECKING:
    from pathlib import Path

PAPERS = [
    {"id": "p1", "title": "Talking heads", "abstract": "Faces move as speech says.", "upvotes": 3},
    {"id": "p2", "title": "Sums \\& products", "abstract": None, "year": 1999},
    {"id": "p3", "title": "Organs in scans"},
    {"id": "p4", "title": "", "abstract": "Music from words."},
]
POOLS = {"monday": ["p2", "p1"], "tuesday": ["p3"]}
TASKS = [
    {"id": "ada-monday", "pool": "monday", "liked": ["p3", "p4"], "relevant": ["p1"]},
    {"id": "ben-tuesday", "pool": "tuesday", "topics": ["organs"], "liked": None, "relevant": ["p3"]},
]


def write(folder: Path, *, papers: Any = PAPERS, pools: Any = POOLS, tasks: Any = TASKS) -> Path:  # noqa: ANN401
    """An evaluation set on disk; text is written as it is, anything else as JSON."""
    folder.mkdir(exist_ok=True)
    for name, content in ((sets.PAPERS, papers), (sets.TASKS, tasks)):
        text = content if isinstance(content, str) else "".join(f"{json.dumps(record)}\n" for record in content)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / sets.POOLS).write_text(pools if isinstance(pools, str) else json.dumps(pools), encoding="utf-8")
    return folder


def faults(folder: Path) -> tuple[str, ...]:
    """What is wrong with the set, each fault without the folder."""
    with pytest.raises(EvaluationError) as caught:
        sets.read(folder)
    return tuple(fault.removeprefix(f"{folder}/") for fault in caught.value.faults)


def test_a_set_is_read_with_its_papers_pools_and_tasks(tmp_path: Path) -> None:
    """Papers are cleaned as all papers are, and tasks hold what is known of the reader and what is to be found."""
    found = sets.read(write(tmp_path))
    assert found.papers["p2"].title == "Sums & products"
    assert found.papers["p2"].abstract == ""
    assert found.papers["p1"].signals.upvotes == 3
    ada, ben = found.tasks
    assert (ada.id, ada.pool, ada.reader.liked, ada.reader.topics, ada.relevant) == (
        "ada-monday", "monday", ("p3", "p4"), (), frozenset({"p1"}),
    )  # fmt: skip
    assert (ben.reader.topics, ben.reader.liked) == ((Topic(text="organs"),), ())


def test_the_history_of_a_pool_is_every_paper_outside_it(tmp_path: Path) -> None:
    """Candidates and history part the papers, each ordered by id whatever the order of the files."""
    found = sets.read(write(tmp_path))
    assert [paper.id for paper in found.candidates("monday")] == ["p1", "p2"]
    assert [paper.id for paper in found.history("monday")] == ["p3", "p4"]


def test_a_pool_of_the_whole_set_has_no_history(tmp_path: Path) -> None:
    """Where all papers are candidates there is nothing before them."""
    tasks = [{"id": "ada", "pool": "all", "topics": ["organs"], "relevant": ["p3"]}]
    found = sets.read(write(tmp_path, pools={"all": ["p1", "p2", "p3", "p4"]}, tasks=tasks))
    assert found.history("all") == []


def test_only_the_tasks_of_some_pools_can_be_taken(tmp_path: Path) -> None:
    """Tasks of other pools go, all papers stay as history."""
    found = sets.read(write(tmp_path)).of_pools({"tuesday"})
    assert [task.id for task in found.tasks] == ["ben-tuesday"]
    assert len(found.history("tuesday")) == 3


def test_what_is_liked_already_is_not_to_be_found(tmp_path: Path) -> None:
    """A paper both liked and relevant is known to the reader, so no ranking is asked for it."""
    tasks = [{"id": "ada", "pool": "monday", "liked": ["p1"], "relevant": ["p1", "p2"]}]
    assert sets.read(write(tmp_path, tasks=tasks)).tasks[0].relevant == {"p2"}


def test_a_byte_order_mark_blank_lines_and_carriage_returns_do_no_harm(tmp_path: Path) -> None:
    """Files that went through other systems read the same."""
    folder = write(tmp_path)
    for path in folder.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert len(sets.read(folder).tasks) == 2


@pytest.mark.parametrize("name", [sets.PAPERS, sets.POOLS, sets.TASKS])
def test_a_missing_file_is_named_with_what_belongs_there(tmp_path: Path, name: str) -> None:
    """Who gives the wrong folder is told what a set consists of."""
    (write(tmp_path) / name).unlink()
    (fault,) = faults(tmp_path)
    assert fault.startswith(f"{name}: cannot be read: No such file or directory: an evaluation set is a folder with")


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    """The path of one of the files is a likely slip."""
    with pytest.raises(EvaluationError, match="Not a directory: an evaluation set is a folder"):
        sets.read(write(tmp_path) / sets.PAPERS)


@pytest.mark.parametrize(
    ("papers", "expected"),
    [
        ('{"id": "p1", "title": "a"}\n{"id": "p2", ', "papers.jsonl:2: broken JSON:"),
        ("[1]\n", "papers.jsonl:1: not a JSON object: mend or remove the line"),
        ([{"title": "a"}], "papers.jsonl:1: id: missing: give it a text that names it"),
        ([{"id": " ", "title": "a"}], "papers.jsonl:1: id: got ' ': give it"),
        ([*PAPERS, PAPERS[0]], "papers.jsonl:5: id: 'p1' stands on line 1 already: remove one or rename it"),
        ([{"id": "p1"}], "papers.jsonl:1: title: missing: make it a text"),
        ([{"id": "p1", "title": "a", "abstract": 7}], "papers.jsonl:1: abstract: got 7: make it a text"),
        ([{"id": "p1", "title": "a", "upvotes": True}], "papers.jsonl:1: upvotes: got True: make it a whole number"),
        ("\n", "papers.jsonl:1: nothing in it"),
    ],
)
def test_a_fault_of_a_paper_is_named(tmp_path: Path, papers: Any, expected: str) -> None:  # noqa: ANN401
    """File, line, what is wrong and the mend."""
    assert faults(write(tmp_path, papers=papers))[0].startswith(expected)


@pytest.mark.parametrize(
    ("pools", "expected"),
    [
        ('{"monday":\n ["p1"', "pools.json:2: broken JSON:"),
        ("[" * 100_000, "pools.json:1: cannot be read as UTF-8 JSON: RecursionError: mend it"),
        ("[]", "pools.json:1: not a JSON object"),
        ("{}", "pools.json:1: nothing in it"),
        ({"monday": []}, "pools.json:1: monday: empty: name its papers, or remove it"),
        ({"monday": "p1"}, "pools.json:1: monday: got 'p1': make it a list of texts"),
        ({"monday": ["p1", 2]}, "pools.json:1: monday: got 2 in the list: make it a text, or remove it"),
        ({"monday": ["p1", "p2", "p1"]}, "pools.json:1: monday: 'p1' stands 2 times: name it once"),
        ('{\n "monday": ["p1"],\n "tuesday": ["p9"]}', "pools.json:3: tuesday: 'p9' is not in papers.jsonl: add"),
        ('{"monday": ["p1"],\n"monday": ["p2"]}', "pools.json:2: monday: stands twice: put its papers into one list"),
        ({"": ["p1"]}, "pools.json:1: a pool without a name: name it"),
    ],
)
def test_a_fault_of_a_pool_is_named(tmp_path: Path, pools: Any, expected: str) -> None:  # noqa: ANN401
    """File, the pool's line and name, what is wrong and the mend."""
    assert faults(write(tmp_path, pools=pools))[0].startswith(expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pool": "friday"}, "pool: got 'friday': name one of pools.json"),
        ({"pool": ["monday"]}, "pool: got ['monday']: name one of pools.json"),
        ({"liked": ["p9"]}, "liked: 'p9' is not in papers.jsonl: add the paper there, or remove it here"),
        ({"liked": ["p3", "p3"]}, "liked: 'p3' stands 2 times: name it once"),
        ({"topics": "heads"}, "topics: got 'heads': make it a list of texts"),
        ({"topics": ["  "]}, "topics: got '  ' in the list: make it a text, or remove it"),
        ({"liked": []}, "neither liked papers nor topics: give one of them, or remove the task"),
        ({"relevant": ["p3"]}, "relevant: 'p3' is not in the pool 'monday': add it there, or remove it here"),
        ({"relevant": []}, "relevant: empty: name a paper to find, or remove the task"),
        ({"relevant": None}, "relevant: empty: name a paper to find, or remove the task"),
        ({"liked": ["p1"]}, "relevant: all are liked already: name a paper to find, or remove the task"),
    ],
)
def test_a_fault_of_a_task_is_named(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    """File, line, key, what is wrong and the mend."""
    assert faults(write(tmp_path, tasks=[TASKS[1], TASKS[0] | changes]))[0] == f"tasks.jsonl:2: {expected}"


def test_a_task_id_that_stands_twice_is_named(tmp_path: Path) -> None:
    """Two tasks of one id could not be told apart in a report."""
    (fault,) = faults(write(tmp_path, tasks=[*TASKS, TASKS[0]]))
    assert fault == "tasks.jsonl:3: id: 'ada-monday' stands on line 1 already: remove one or rename it"


def test_all_faults_of_a_file_are_told_at_once_but_not_thousands(tmp_path: Path) -> None:
    """One round of mending is enough, and a file of the wrong kind does not flood the terminal."""
    assert len(faults(write(tmp_path, papers=[{"id": "p1"}, 7, {"id": "p2"}]))) == 3
    found = faults(write(tmp_path, papers="x\n" * 50))
    assert len(found) == sets.MOST_FAULTS + 1
    assert found[-1] == "papers.jsonl: and 30 more faults"


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["p1", "monday", "ada", ""]) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "title", "abstract", "upvotes", "pool", "liked", "topics", "relevant", "monday"]),
            inner,
        )
    ),
    max_leaves=8,
)


def named_by(folder: Path) -> list[str]:
    """The faults of a set; none if it can be read."""
    try:
        sets.read(folder)
    except EvaluationError as error:
        return list(error.faults)
    return []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(papers=st.lists(WILD, max_size=2), pools=WILD, tasks=st.lists(WILD, max_size=2), raw=st.binary(max_size=20))
@example(papers=[], pools="\ud800", tasks=[], raw=b'{"id": "\\ud800"}\n\xff')
def test_wild_files_give_a_set_or_faults_that_a_person_can_mend(
    tmp_path: Path,
    papers: list[Any],
    pools: Any,  # noqa: ANN401
    tasks: list[Any],
    raw: bytes,
) -> None:
    """Whatever stands in one of the files, nothing but an `EvaluationError` is raised, and it names that file."""
    assert all(sets.PAPERS in fault for fault in named_by(write(tmp_path, papers=[*PAPERS, *papers])))
    assert all(sets.POOLS in fault for fault in named_by(write(tmp_path, pools=POOLS | {"wild": pools})))
    assert all(sets.TASKS in fault for fault in named_by(write(tmp_path, tasks=[*TASKS, *tasks])))
    for name in (sets.PAPERS, sets.POOLS, sets.TASKS):
        path = write(tmp_path) / name
        path.write_bytes(path.read_bytes() + raw)
        assert all(fault.startswith(f"{path}:") for fault in named_by(tmp_path))


@pytest.mark.parametrize(
    ("name", "papers", "tasks", "pools"), [("citeulike-small", 1929, 242, 5), ("cisi-topics", 1460, 76, 1)]
)
def test_the_real_sets_are_read(samples: Path, name: str, papers: int, tasks: int, pools: int) -> None:
    """The two sets that stand beside the samples are read without a fault."""
    found = sets.read(samples.parent / "eval" / name)
    assert (len(found.papers), len(found.tasks), len(found.pools)) == (papers, tasks, pools)
