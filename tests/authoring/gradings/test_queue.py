"""Which grading a worker gets next."""

from pathlib import Path

from grader.authoring.examples import Example, Kind
from grader.authoring.gradings.queue import Grading, GradingQueue


def examples(count: int) -> list[Example]:
    return [
        Example(Kind.REJECTED, f"r{number}", Path(f"r{number}.py"), None) for number in range(count)
    ]


def names(*gradings: Grading | None) -> list[str]:
    return [f"{grading.slug}/{grading.example.name}" if grading else "" for grading in gradings]


def test_a_worker_continues_with_its_kata() -> None:
    queue = GradingQueue({"a": examples(2), "b": examples(1)})
    assert names(queue.take(None), queue.take("a"), queue.take("a"), queue.take("b")) == [
        "a/r0",
        "a/r1",
        "b/r0",
        "",
    ]


def test_another_worker_starts_a_kata_that_no_worker_has_started() -> None:
    queue = GradingQueue({"a": examples(3), "b": examples(1), "c": examples(1)})
    assert names(queue.take(None), queue.take(None), queue.take(None)) == ["a/r0", "b/r0", "c/r0"]


def test_finally_workers_help_with_the_kata_that_has_the_most_gradings_left() -> None:
    queue = GradingQueue({"a": examples(2), "b": examples(4), "c": examples(1)})
    assert names(queue.take(None), queue.take(None), queue.take(None)) == ["a/r0", "b/r0", "c/r0"]
    assert names(queue.take("c"), queue.take("c")) == ["b/r1", "b/r2"]


def test_added_gradings_are_handed_out_and_dropped_ones_are_not() -> None:
    queue = GradingQueue({"a": examples(1), "b": examples(2)})
    queue.take(None)
    queue.drop("b")
    assert queue.take("a") is None
    queue.add("a", examples(1))
    assert (queue.left("a"), queue.left("b")) == (1, 0)
    assert names(queue.take(None), queue.take(None)) == ["a/r0", ""]


def test_an_empty_queue_hands_out_nothing() -> None:
    assert GradingQueue({}).take(None) is None
