"""Reading py-spy's flame graph, on graphs that are made up as inferno makes them."""

from html import escape

import pytest

from grader.errors import BrokenError
from grader.tools.flames import Place, Stack, profile_of_loop, read_stacks, shortened, titled

SELECT = "EpollSelector.select (/usr/lib/python3.12/selectors.py:468)"
RUN = "Server.run (/opt/lib/site-packages/uvicorn/server.py:66)"
HANDLER = "label (/work/app.py:36)"
HELPER = "<listcomp> (/work/helpers/print.py:7)"
SLEEP = "sleep_here (/site/printer.py:9)"


def graph(stacks: dict[tuple[str, ...], int]) -> str:
    """A flame graph of these stacks, outermost first, the thread at the head of each."""
    boxes: dict[tuple[tuple[str, ...], int], int] = {}
    x = 0
    for names, count in sorted(stacks.items()):
        for depth in range(len(names) + 1):
            key = (names[:depth], next((at for before, at in boxes if before == names[:depth]), x))
            boxes[key] = boxes.get(key, 0) + count
        x += count
    drawn = [
        f"<g><title>{escape(names[-1] if names else 'all', quote=False)} ({width:,} samples, 12.50%)</title>"
        f'<rect x="1.0%" y="{52 + 16 * len(names)}" width="5.0%" height="15" '
        f'fill="rgb(1,2,3)" fg:x="{at}" fg:w="{width}"/></g>'
        for (names, at), width in boxes.items()
    ]
    return f"<svg>{''.join(reversed(drawn))}</svg>"


MAIN = "thread (17): MainThread"
STACKS = {
    (MAIN, RUN, SELECT): 20,
    (MAIN, RUN, HANDLER, SLEEP): 1000,
    (MAIN, RUN, HANDLER, HELPER): 60,
    (MAIN, RUN, HANDLER): 10,
    (MAIN, RUN): 30,
    ("thread (18): AnyIO worker thread", SLEEP): 500,
}


def test_stacks_are_read_with_their_samples() -> None:
    stacks = read_stacks(graph(STACKS))
    assert {(stack.thread, stack.samples, len(stack.places)) for stack in stacks} == {
        ("MainThread", 20, 2), ("MainThread", 1000, 3), ("MainThread", 60, 3), ("MainThread", 10, 2),
        ("MainThread", 30, 1),
        ("AnyIO worker thread", 500, 1),
    }  # fmt: skip
    (helper,) = [stack for stack in stacks if stack.samples == 60]
    assert helper.places[-1] == Place("<listcomp>", "/work/helpers/print.py", 7)


def test_the_loops_time_goes_to_the_innermost_own_lines_and_to_what_they_call() -> None:
    profile = profile_of_loop(read_stacks(graph(STACKS)), lambda file: file.startswith("/work/"))
    assert profile.samples == 1120
    assert profile.waited == 20 / 1120
    assert [(share.place.line, round(share.share * 1120)) for share in profile.own] == [
        (36, 1010),
        (7, 60),
    ]
    assert [(share.place.function, round(share.share * 1120)) for share in profile.inner] == [
        ("sleep_here", 1000), ("<listcomp>", 60), ("Server.run", 30), ("label", 10),
    ]  # fmt: skip


def test_of_a_function_the_line_is_named_that_was_seen_most() -> None:
    stacks = [
        Stack("MainThread", (Place("f", "a.py", line),), samples)
        for line, samples in ((1, 2), (2, 5), (3, 4))
    ]
    (inner,) = profile_of_loop(stacks, lambda _: False).inner
    assert (inner.place.line, inner.share) == (2, 1.0)


def test_a_loop_that_was_not_seen_has_no_samples() -> None:
    assert (
        profile_of_loop([Stack("other", (Place("f", "a.py", 1),), 3)], lambda _: True).samples == 0
    )


@pytest.mark.parametrize("text", ["", "<svg></svg>", "<svg><g><title>a</title></g></svg>"])
def test_what_is_no_graph_is_refused(text: str) -> None:
    with pytest.raises(BrokenError, match="flame graph cannot be read"):
        read_stacks(text)


def test_a_frame_without_file_and_line_is_kept_by_its_name() -> None:
    (stack,) = read_stacks(graph({(MAIN, "[idle]"): 1}))
    assert stack.places == (Place("[idle]", "", 0),)


def test_labels_are_cut_anew_where_names_became_shorter() -> None:
    title = "f (/work/deep/app.py:36) (1,000 samples, 12.50%)"
    box = f'<g><title>{title}</title><rect x="1"/><text x="2">f (/work/deep/..</text></g>'
    assert ">f (app.py:36)</text>" in shortened(box, ["/work/deep/"])
    assert ">f (deep/app.py..</text>" in shortened(box, ["/work/"])


def test_the_graph_has_a_title_of_its_own() -> None:
    svg = '<text id="title" fill="x" x="50%">/home/me/py-spy record --pid 7</text>'
    assert titled(svg, "A <kata>") == '<text id="title" fill="x" x="50%">A &lt;kata&gt;</text>'


def test_file_names_are_shortened_in_the_graph() -> None:
    assert "(app.py:36)" in shortened(graph(STACKS), ["/work/", "/site/"])
    assert "(uvicorn/server.py:66)" in shortened(graph(STACKS), ["/work/"])
    assert "/work/" not in shortened(graph(STACKS), ["/work/", "/site/", "/work/helpers/"])
