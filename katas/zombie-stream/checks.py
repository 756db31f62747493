"""Checks of zombie-stream. A call to the control room stays open until there is news: whether it is given up is seen there."""

import secrets
from collections.abc import Sequence

from grader.checks.api import Pending, Server, Upstream, expect

CROWD, LEAVING = 10, 6


def numbers(count: int) -> range:
    """Unpredictable numbers of stops, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def switch_on(server: Server, *stops: int) -> Pending:
    query = "&".join(f"stop={stop}" for stop in stops)
    return server.start("GET", f"/delays?{query}")


def there_is_news(upstream: Upstream, stops: Sequence[int], times: int) -> None:
    """So many calls about each of these stops are answered; the next one finds no news."""
    upstream.on("/stops/*/next", never=True)
    for stop in stops:
        upstream.on(f"/stops/{stop}/next", times=times)


async def all_news_is_shown(screen: Pending, upstream: Upstream, stops: Sequence[int], times: int) -> None:
    """Nothing is missing, nothing is invented, and for each stop it is in the order in which it was told."""
    shown = await screen.events(len(stops) * times)
    expect(len(shown), "delays shown").equals(len(stops) * times)
    for stop in stops:
        answered = [call for call in upstream.calls(f"/stops/{stop}/next") if not call.open and not call.left]
        told: list[object] = [{"stop": stop, "delay": call.value} for call in answered]
        expect(len(told), f"answers of the control room about stop {stop}").equals(times)
        expect([delay for delay in shown if delay in told], f"the delays at stop {stop}").equals(told)


async def test_screens_show_what_the_control_room_tells(server: Server, upstream: Upstream) -> None:
    """A screen shows all delays at its stops, also if one is quiet."""
    quiet, *stops = numbers(3)
    there_is_news(upstream, stops, times=2)
    screen = switch_on(server, quiet, *stops)
    await all_news_is_shown(screen, upstream, stops, times=2)
    screen.leave()
    media_type = (await screen).headers.get("content-type", "none").partition(";")[0]
    expect(media_type, "the content type").equals("text/event-stream")


async def test_the_calls_end_when_the_screen_leaves(server: Server, upstream: Upstream) -> None:
    """When a screen is switched off, the calls for it are given up."""
    first, second, third, fourth = numbers(4)
    there_is_news(upstream, [first, second, third, fourth], times=1)
    for stops in (first, second), (third,), (fourth,):
        screen = switch_on(server, *stops)
        await all_news_is_shown(screen, upstream, stops, times=1)
        calls = await upstream.arrivals({f"/stops/{stop}/next": 2 for stop in stops})
        since = server.now()
        screen.leave()
        await upstream.given_up([call for call in calls if call.open], since=since)
        expect(await server.settle("/health")).status(200)


async def test_the_other_calls_end_when_one_fails(server: Server, upstream: Upstream) -> None:
    """When the call for one stop fails, those for the others end."""
    broken, fine = numbers(2)
    there_is_news(upstream, [fine], times=1)
    upstream.on(f"/stops/{broken}/next", status=500)
    async with upstream.hold(f"/stops/{broken}/next") as held:
        screen = switch_on(server, broken, fine)
        await all_news_is_shown(screen, upstream, [fine], times=1)
        calls = await upstream.arrivals({f"/stops/{fine}/next": 2})
        await held.arrivals(1)
        since = held.release()
    await upstream.given_up([call for call in calls if call.open], since=since)
    screen.leave()


async def test_those_who_stay_are_served(server: Server, upstream: Upstream) -> None:
    """Of 10 screens 6 are switched off; the other 4 go on."""
    stops = numbers(CROWD)
    there_is_news(upstream, stops, times=2)
    async with upstream.hold("/stops/*/next") as first, upstream.hold("/stops/*/next") as second:
        screens = {stop: switch_on(server, stop) for stop in stops}
        await first.arrivals(CROWD)
        first.release()
        for stop, screen in screens.items():
            await all_news_is_shown(screen, upstream, [stop], times=1)
        await second.arrivals(CROWD)
        calls = [call for call in second.calls if call.path in {f"/stops/{stop}/next" for stop in stops[:LEAVING]}]
        since = server.now()
        for stop in stops[:LEAVING]:
            screens[stop].leave()
        await upstream.given_up(calls, since=since)
        second.release()
        for stop in stops[LEAVING:]:
            await all_news_is_shown(screens[stop], upstream, [stop], times=2)
            screens[stop].leave()
