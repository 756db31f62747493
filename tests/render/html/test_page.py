"""The page of a report as a document; test_browser.py looks at it in a browser."""

import base64
import gzip
import hashlib
from functools import cache
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from grader.evidence.run import Run
from grader.grading.graded import Graded
from grader.render.circumstances import stall
from grader.render.html.bounds import PAGE_BYTES
from grader.render.html.page import render_page
from grader.render.wording import figures, message, summary
from tests.render.hostile import ALL, assert_acts_on_nothing, hostile_text, report_of
from tests.render.runs import blocking_run, fixed_run, graded, hostile_run, large_run

VOID = {"meta", "rect", "line", "input"}


class Reader(HTMLParser):
    """Reads a page: its elements with their attributes, and its text without scripts and style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.parts: dict[str, list[str]] = {"script": [], "style": []}
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        assert len(dict(attrs)) == len(attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside in self.parts:
            self.parts[inside].append(data)
        else:
            self.text += data

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@cache
def blocking_page() -> str:
    return render_page(graded(blocking_run(), because="The `async` handler sleeps."))


def test_the_same_run_gives_the_same_page() -> None:
    assert render_page(graded(blocking_run()), graded(fixed_run())) == render_page(
        graded(blocking_run()), graded(fixed_run())
    )


def test_the_page_has_the_sentences_of_the_terminal() -> None:
    report, text = graded(blocking_run()).report, Reader(blocking_page()).text
    assert summary(report) in text
    for result in report.checks:
        assert result.title in text
        assert message(result) in text
        assert figures(result) in text
    assert report.cause is not None
    for site in report.cause.circumstances.stalls:
        assert stall(site).replace("`", "") in text


def test_each_attempt_has_a_timeline_and_the_one_that_decided_is_selected() -> None:
    page = Reader(blocking_page())
    options = page.of("option")
    assert [option["value"] for option in options] == [
        "attempt-1-1",
        "attempt-2-1",
        "attempt-2-2",
        "attempt-3-1",
    ]
    assert [option["value"] for option in options if "selected" in option] == ["attempt-2-1"]
    sections = [
        attributes["id"]
        for attributes in page.of("section")
        if "attempt" in attributes.get("class", "")
    ]
    assert sections == [option["value"] for option in options]


def test_the_table_behind_a_timeline_has_all_its_rows() -> None:
    rows = [
        attributes for attributes in Reader(blocking_page()).of("tr") if "data-from" in attributes
    ]
    assert len(rows) == (1 + 1) + 2 * (1 + 12 + 2) + (1 + 1 + 3 + 3)
    assert sum("late" in row["class"] for row in rows) == 2 * 8
    assert sum("data-open" in row for row in rows) == 2 * 7 + 1


def test_the_page_of_a_first_run_compares_it_with_nothing() -> None:
    assert "This is the first saved run of this kata" in blocking_page()
    assert not [one for one in Reader(blocking_page()).of("input") if one.get("id") == "compare"]


def test_changes_since_the_previous_run_are_listed_and_drawn() -> None:
    page = Reader(render_page(graded(fixed_run()), graded(blocking_run())))
    before, now = summary(graded(blocking_run()).report), summary(graded(fixed_run()).report)
    assert f"Previous run, 2026-11-23 08:15 UTC: {before} This run: {now}" in page.text
    assert page.text.count("passes now") == 2
    assert [bar["class"] for bar in page.of("rect")] == ["failed", "passed"]
    assert [option["data-before"] for option in page.of("option")] == [
        "before-1",
        "before-2",
        "before-3",
    ]
    assert [one["id"] for one in page.of("input")] == ["compare"]


def test_the_output_of_the_servers_is_shown_as_printed_but_bounded() -> None:
    assert "INFO: ready\n  indented\n" in Reader(blocking_page()).text
    chatty = large_run("a line", checks=1, attempts=1, many=5000)
    text = Reader(render_page(graded(chatty))).text
    assert "The last 200 of 5000 lines." in text


def test_the_evidence_can_be_downloaded_and_is_the_run() -> None:
    (link,) = [one for one in Reader(blocking_page()).of("a") if one.get("id") == "download"]
    assert link["download"] == "sleepy-handler-20261123T081500.json.gz"
    packed = link["href"].removeprefix("data:application/gzip;base64,")
    assert (
        msgspec.json.decode(gzip.decompress(base64.b64decode(packed)), type=Run) == blocking_run()
    )


def test_evidence_that_is_too_large_for_the_page_is_named_instead() -> None:
    noise = hashlib.shake_256(b"noise").hexdigest(400_000)
    check = blocking_run().checks[0]
    loud = replace(check.attempts[0].life or blocking_run(), log=noise)
    run = replace(
        blocking_run(), checks=(replace(check, attempts=(replace(check.attempts[0], life=loud),)),)
    )
    page = Reader(render_page(graded(run)))
    assert not [one for one in page.of("a") if one.get("id") == "download"]
    assert (
        "too large for this page. It is in the workspace, in .kata/runs/sleepy-handler-20261123T081500.json"
        in page.text
    )


# ---- safety ----


def policy_of(page: Reader) -> dict[str, list[str]]:
    (content,) = [
        one["content"]
        for one in page.of("meta")
        if one.get("http-equiv") == "Content-Security-Policy"
    ]
    return {name: values for name, *values in (part.split() for part in content.split(";"))}


def test_the_policy_allows_the_scripts_and_the_style_of_the_page_and_nothing_else() -> None:
    page = Reader(blocking_page())

    def hashes(texts: list[str]) -> list[str]:
        return [
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
            for text in texts
        ]

    assert policy_of(page) == {
        "default-src": ["'none'"],
        "script-src": hashes(page.parts["script"]),
        "style-src": hashes(page.parts["style"]),
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }
    assert len(page.parts["script"]) == 2
    metas = [list(one) for one in page.of("meta")]
    assert "http-equiv" in metas[1]  # before anything that it restricts


def test_the_page_needs_no_network() -> None:
    page = Reader(blocking_page())
    addresses = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "href", "action", "srcset")
    ]
    assert all(value.startswith(("#", "data:application/gzip;")) for value in addresses)
    assert "url(" not in "".join(page.parts["style"])
    assert not {"iframe", "img", "link", "object", "embed", "form", "base"} & {
        tag for tag, _ in page.elements
    }


def skeleton(page: str) -> list[tuple[str, frozenset[str]]]:
    """The elements of a page with the names of their attributes."""
    return [(tag, frozenset(attributes)) for tag, attributes in Reader(page).elements]


EXPECTED = skeleton(
    render_page(graded(hostile_run("x"), title="x", because="x"), graded(hostile_run("x")))
)


@settings(max_examples=30, deadline=None)
@given(text=hostile_text)
def test_hostile_text_stays_text(text: str) -> None:
    text = text.encode(errors="replace").decode()  # a saved run is UTF-8
    now = graded(hostile_run(text), title=text, because=text)
    page = render_page(now, now)
    body = page[page.index("<body>") : page.index("<script>")]
    assert_acts_on_nothing(body)
    tags = {tag for tag, _ in skeleton(page)}
    assert tags <= {tag for tag, _ in EXPECTED} | {"code"}
    names = {name for _, attributes in skeleton(page) for name in attributes}
    assert names <= {name for _, attributes in EXPECTED for name in attributes}
    assert policy_of(Reader(page)) == policy_of(Reader(blocking_page()))


def test_hostile_text_adds_no_element_and_no_attribute() -> None:
    now = graded(hostile_run("</script><b onload='x'>\"'&lt;"), title="<i>", because="<u>")
    assert skeleton(render_page(now, now)) == EXPECTED


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [ALL.encode(errors="replace").decode(), "汉" * 600, "'" * 600],
    ids=["all", "wide", "quotes"],
)
def test_the_page_of_an_enormous_run_is_at_most_a_megabyte(text: str) -> None:
    run = graded(large_run(text))
    page = render_page(run, run)
    assert len(page.encode()) <= PAGE_BYTES
    assert " shown)" in Reader(page).text


def test_a_report_without_evidence_of_its_checks_still_has_a_page() -> None:
    assert "The servers printed nothing." in render_page(Graded(fixed_run(), report_of("odd")))
