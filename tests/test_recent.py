"""Results that are remembered for a while, by the object that they are of."""

from __future__ import annotations

from dataclasses import dataclass

from digest.recent import recent_by_object


@dataclass
class Owl:
    """Cannot be hashed, and equals others."""

    name: str


def test_a_result_is_made_once_for_an_object_and_what_else_it_is_of() -> None:
    """Another object that equals it has its own result, and so have other arguments."""
    made: list[tuple[str, int]] = []

    @recent_by_object(10)
    def call(owl: Owl, times: int) -> str:
        made.append((owl.name, times))
        return owl.name * times

    owl, same = Owl("hu"), Owl("hu")
    assert [call(owl, 1), call(owl, 1), call(owl, 2), call(same, 1)] == ["hu", "hu", "huhu", "hu"]
    assert made == [("hu", 1), ("hu", 2), ("hu", 1)]


def test_none_is_remembered_too() -> None:
    """A result of None is one."""
    made = []

    @recent_by_object(10)
    def call(owl: Owl) -> None:
        made.append(owl)

    owl = Owl("hu")
    assert call(owl) is None
    assert call(owl) is None
    assert len(made) == 1


def test_an_object_that_is_gone_leaves_its_result_to_nobody() -> None:
    """New objects may be where old ones were in memory; each has its own result, however few are remembered."""

    @recent_by_object(3)
    def call(owl: Owl) -> str:
        return owl.name

    assert [call(Owl(str(n))) for n in range(1000)] == [str(n) for n in range(1000)]


def test_what_is_asked_for_stays() -> None:
    """Many others come and go, and what is asked for between them is made once."""
    made = []

    @recent_by_object(3)
    def call(owl: Owl) -> str:
        made.append(owl.name)
        return owl.name

    owl = Owl("kept")
    for n in range(100):
        call(owl)
        call(Owl(str(n)))
    assert made.count("kept") == 1
