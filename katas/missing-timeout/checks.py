"""Checks of missing-timeout. The market's silence lasts as long as the check does, so only patience needs a clock."""

import secrets

from grader.checks.api import Call, Server, Upstream, expect

SLOW_S = 0.15
"""How long a slow answer takes, that is still an answer."""

PATIENCE_S = 0.55
"""How long visitors bear with the app. The task grants 0.4 s, and a timer set to just that is in time; wrong apps take 5 s and longer."""

ENDING_S = 0.2
"""How long a call may outlive its visitor's patience; right apps end it before they answer."""

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
    answer = await server.get("/news", patience_s=PATIENCE_S)
    expect(answer).status(200).json({"headlines": [f"Shares at {upstream.value('/news')}"]})


async def test_quotes_and_news_are_what_the_market_says(server: Server, upstream: Upstream) -> None:
    """Quotes and news are what the market says at that moment."""
    market_answers(upstream)
    symbol = symbols(1)[0]
    for asked in (1, 2):
        answer = await server.get(f"/quotes/{symbol}")
        expect(answer).status(200, late=504, not_before_s=SLOW_S).json({"symbol": symbol, "cents": upstream.value(f"/quotes/{symbol}")})
        await read_news(server, upstream)
        expect(len(upstream.calls(f"/quotes/{symbol}")), "questions that reached the market").equals(asked)
    upstream.on("/quotes/*", status=404)
    expect(await server.get(f"/quotes/{symbols(1)[0]}")).status(404, late=504, not_before_s=SLOW_S)


async def test_a_slow_quote_is_waited_for(server: Server, upstream: Upstream) -> None:
    """A quote that takes 0.15 s is slow, but it is an answer."""
    market_answers(upstream, delay_s=SLOW_S)
    visitors = [(symbol, server.start("GET", f"/quotes/{symbol}")) for symbol in symbols(4)]
    for symbol, visitor in visitors:
        answer = await visitor
        expect(answer).status(200, late=504, not_before_s=SLOW_S).json({"symbol": symbol, "cents": upstream.value(f"/quotes/{symbol}")})


async def test_a_silent_market_is_a_504_in_time(server: Server, upstream: Upstream) -> None:
    """When the market does not answer, the visitor gets 504 within 0.4 s."""
    quotes_are_silent(upstream)
    visitors = [server.start("GET", f"/quotes/{symbol}", patience_s=PATIENCE_S) for symbol in symbols(3)]
    for visitor in visitors:
        expect(await visitor).status(504)
    expect(len(upstream.calls("/quotes/*")), "questions that reached the market").at_least(3, late=True)


async def test_news_outlive_the_quotes(server: Server, upstream: Upstream) -> None:
    """News are there while quotes hang and after; dead calls are ended."""
    quotes_are_silent(upstream)
    asked = symbols(CONNECTIONS)
    visitors = [server.start("GET", f"/quotes/{symbol}", patience_s=PATIENCE_S) for symbol in asked[: CONNECTIONS // 2]]
    await read_news(server, upstream)
    visitors += [server.start("GET", f"/quotes/{symbol}", patience_s=PATIENCE_S) for symbol in asked[CONNECTIONS // 2 :]]
    for visitor in visitors:
        await visitor
    await upstream.departures("/quotes/*", len(upstream.calls("/quotes/*")), patience_s=ENDING_S)
    await read_news(server, upstream)
