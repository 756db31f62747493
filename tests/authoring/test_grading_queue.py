"""Who gets which grading next."""

from pathlib import Path

from grader.authoring.examples import Example, Kind
from grader.authoring.grading_queue import Grading, GradingQueue


def examples(count: int) -> list[Example]:
    return [
        Example(Kind.REJECTED, f"r{number}", Path(f"r{number}.py"), None) for number in range(count)
    ]


def names(*gradings: Grading | None) -> list[str]:
    return [f"{grading.slug}/{grading.example.name}" if grading else "" for grading in gradings]


def test_whoever_has_begun_a_kata_goes_on_with_it() -> None:
    queue = GradingQueue({"a": examples(2), "b": examples(1)})
    assert names(queue.take(None), queue.take("a"), queue.take("a"), queue.take("b")) == [
        "a/r0",
        "a/r1",
        "b/r0",
        "",
    ]


def test_the_next_one_begins_a_kata_that_nobody_has_begun() -> None:
    queue = GradingQueue({"a": examples(3), "b": examples(1), "c": examples(1)})
    assert names(queue.take(None), queue.take(None), queue.take(None)) == ["a/r0", "b/r0", "c/r0"]


def test_in_the_end_all_help_the_kata_with_most_left() -> None:
    queue = GradingQueue({"a": examples(2), "b": examples(4), "c": examples(1)})
    assert names(queue.take(None), queue.take(None), queue.take(None)) == ["a/r0", "b/r0", "c/r0"]
    assert names(queue.take("c"), queue.take("c")) == ["b/r1", "b/r2"]


def test_what_is_added_is_handed_out_and_what_is_dropped_is_not() -> None:
    queue = GradingQueue({"a": examples(1), "b": examples(2)})
    queue.take(None)
    queue.drop("b")
    assert queue.take("a") is None
    queue.add("a", examples(1))
    assert (queue.left("a"), queue.left("b")) == (1, 0)
    assert names(queue.take(None), queue.take(None)) == ["a/r0", ""]


def test_an_empty_queue_has_nothing() -> None:
    assert GradingQueue({}).take(None) is None
