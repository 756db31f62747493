"""Checks of missing-timeout. The market's silence lasts as long as the check does, so only patience needs a clock.

The app's own deadlines are short, so each check has the machine alone.
"""

import secrets

from grader.checks.api import Call, Pending, Promises, Server, Upstream, alone, expect

CONNECTIONS = 10


def symbols(count: int) -> list[str]:
    """Unpredictable symbols."""
    first = secrets.randbelow(10**7)
    return [f"S{first + i}" for i in range(count)]


def news_of(call: Call) -> dict[str, object]:
    return {"headlines": [f"Shares at {call.value}"]}


def market_answers(upstream: Upstream, delay_s: float = 0.0) -> None:
    upstream.on("/quotes/*", delay_s=delay_s, json=lambda call: {"cents": call.value})
    upstream.on("/news", json=news_of)


def quotes_are_silent(upstream: Upstream) -> None:
    upstream.on("/quotes/*", never=True)
    upstream.on("/news", json=news_of)


async def read_news(server: Server, upstream: Upstream) -> None:
    """One reader, who gets the headlines of this very moment."""
    answer = await server.get("/news")
    expect(answer).status(200)
    (call,) = await upstream.arrivals({"/news": 1})
    expect(answer).json(news_of(call))


async def is_quoted(visitor: Pending, symbol: str, upstream: Upstream, promised: Promises) -> None:
    """The visitor gets what the market said about this symbol."""
    answer = await visitor
    expect(answer).status(200, late=504, not_before_s=promised.slow_s)
    (call,) = await upstream.arrivals({f"/quotes/{symbol}": 1})
    expect(answer).json({"symbol": symbol, "cents": call.value})


@alone
async def test_quotes_and_news_are_what_the_market_says(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Quotes and news are what the market says at that moment."""
    market_answers(upstream)
    symbol = symbols(1)[0]
    for asked in (1, 2):
        await is_quoted(server.start("GET", f"/quotes/{symbol}"), symbol, upstream, promised)
        await read_news(server, upstream)
        expect(len(upstream.calls(f"/quotes/{symbol}")), "questions that reached the market").equals(asked)
    upstream.on("/quotes/*", status=404)
    expect(await server.get(f"/quotes/{symbols(1)[0]}")).status(404, late=504, not_before_s=promised.slow_s)


@alone
async def test_a_slow_quote_is_waited_for(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A quote that takes 0.15 s is slow, but it is an answer."""
    market_answers(upstream, delay_s=promised.slow_s)
    visitors = [(symbol, server.start("GET", f"/quotes/{symbol}")) for symbol in symbols(4)]
    for symbol, visitor in visitors:
        await is_quoted(visitor, symbol, upstream, promised)


@alone
async def test_a_silent_market_is_a_504_in_time(server: Server, upstream: Upstream) -> None:
    """When the market does not answer, the visitor gets 504 within 0.4 s."""
    quotes_are_silent(upstream)
    visitors = [server.start("GET", f"/quotes/{symbol}") for symbol in symbols(3)]
    for answer in await server.answers(visitors):
        expect(answer).status(504)
    expect(len(upstream.calls("/quotes/*")), "questions that reached the market").at_least(3, late=True)


@alone
async def test_news_outlive_the_quotes(server: Server, upstream: Upstream) -> None:
    """News are there while quotes hang and after; dead calls are ended."""
    quotes_are_silent(upstream)
    asked = symbols(CONNECTIONS)
    visitors = [server.start("GET", f"/quotes/{symbol}") for symbol in asked[: CONNECTIONS // 2]]
    await read_news(server, upstream)
    since = server.now()
    visitors += [server.start("GET", f"/quotes/{symbol}") for symbol in asked[CONNECTIONS // 2 :]]
    for answer in await server.answers(visitors):
        expect(answer).status(504)
    await upstream.given_up(upstream.calls("/quotes/*"), since=since)
    await read_news(server, upstream)
