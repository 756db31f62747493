"""Checks of ghost-request. The archive keeps its questions waiting; who is gone by then, and what the app gives up, is seen there."""

import secrets

from grader.checks.api import Answer, Pending, Server, Upstream, expect

CROWD, LEAVING = 12, 8


def words(count: int) -> list[str]:
    """Unpredictable words."""
    return [f"word{secrets.randbelow(10**9)}x{i}" for i in range(count)]


def come(server: Server, word: str) -> Pending:
    return server.start("GET", f"/searches/{word}", headers={"x-request-id": f"id-of-{word}"})


def has_its_id(answer: Answer, word: str) -> None:
    expect(answer.headers.get("x-request-id", "none"), "the answer's x-request-id").equals(f"id-of-{word}")


async def is_told(visitor: Pending, word: str, upstream: Upstream) -> None:
    """The visitor gets what the archive has said in this moment, and the id of the request."""
    answer = await visitor
    expect(answer).status(200)
    pages, excerpt = await upstream.arrivals({f"/pages/{word}": 1, f"/excerpts/{word}": 1})
    expect(answer).json({"word": word, "pages": pages.value, "excerpt": excerpt.value})
    has_its_id(answer, word)


async def test_a_search_is_what_the_archive_says(server: Server, upstream: Upstream) -> None:
    """A search is what the archive says, and carries its id."""
    for word in words(2):
        await is_told(come(server, word), word, upstream)


async def test_a_failing_archive_is_a_502(server: Server, upstream: Upstream) -> None:
    """When the archive fails, the visitor gets a 502 with its id."""
    first, second = words(2)
    upstream.on(f"/pages/{first}", status=500)
    upstream.on(f"/excerpts/{second}", cut=True)
    for word in (first, second):
        answer = await come(server, word)
        expect(answer).status(502)
        has_its_id(answer, word)


async def test_the_first_question_ends_with_its_visitor(server: Server, upstream: Upstream) -> None:
    """When a visitor leaves, the first question is given up."""
    async with upstream.hold("/pages/*") as held:
        (word,) = words(1)
        visitor = come(server, word)
        calls = await held.arrivals({f"/pages/{word}": 1})
        since = server.now()
        visitor.leave()
        await upstream.given_up(calls, since=since)
    expect(len(upstream.calls("/excerpts/*")), "questions that were asked after all").equals(0)


async def test_the_second_question_does_too(server: Server, upstream: Upstream) -> None:
    """When a visitor leaves later, the second question is given up."""
    async with upstream.hold("/excerpts/*") as held:
        (word,) = words(1)
        visitor = come(server, word)
        calls = await held.arrivals({f"/excerpts/{word}": 1})
        since = server.now()
        visitor.leave()
        await upstream.given_up(calls, since=since)


async def test_those_who_stay_are_served(server: Server, upstream: Upstream) -> None:
    """Of 12 visitors 8 leave; their questions end, 4 get answers."""
    everybody = words(CROWD)
    async with upstream.hold("/pages/*") as held:
        visitors = {word: come(server, word) for word in everybody}
        await held.arrivals(CROWD)
        calls = [call for call in held.calls if call.path in {f"/pages/{word}" for word in everybody[:LEAVING]}]
        since = server.now()
        for word in everybody[:LEAVING]:
            visitors[word].leave()
        await upstream.given_up(calls, since=since)
        held.release()
        for word in everybody[LEAVING:]:
            await is_told(visitors[word], word, upstream)
