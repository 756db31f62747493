"""Words for events of services, whatever the service, and for requests without an answer. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from grader.evidence.concurrency import peak
from grader.evidence.traffic import EventEnd, Exchange, ExchangeError, ServiceEvent
from grader.render.text import printable
from grader.render.wording import ERROR_WORDS, counted, plural

NAME_CHARS = 40
"""Maximum length of the name of a service or of a kind of event."""

KINDS_SHOWN = 4
SERVICES = "services"


def name_of_all(events: Iterable[ServiceEvent]) -> str:
    """A heading for events: "Calls to the upstream", "Calls and queries to services"."""
    kinds, where = _names(events)
    return capital(f"{' and '.join(map(plural, kinds))} to {where}")


def name_of_each(events: Iterable[ServiceEvent]) -> str:
    """A name for any of these events: "call to the upstream", "call or query to a service"."""
    kinds, where = _names(events)
    return f"{' or '.join(kinds)} to {'a service' if where == SERVICES else where}"


def _names(events: Iterable[ServiceEvent]) -> tuple[list[str], str]:
    """The kinds of events; and their common service, or "services"."""
    services: dict[str, None] = {}
    kinds: dict[str, None] = {}
    for event in events:
        services[event.service] = kinds[event.kind] = None
    where = f"the {service_name(next(iter(services)))}" if len(services) == 1 else SERVICES
    return [printable(kind, NAME_CHARS) for kind in list(kinds)[:KINDS_SHOWN]], where


def service_name(service: str) -> str:
    """The name of a service, safe to show."""
    return printable(service, NAME_CHARS)


def outcome(event: ServiceEvent) -> str:
    """How an event ended, in words."""
    return {
        EventEnd.ANSWERED: "answered",
        EventEnd.CLIENT_LEFT: "abandoned by the app",
        EventEnd.CUT: f"cut by the {service_name(event.service)}",
        EventEnd.OPEN: "unfinished at the end",
    }[event.end]


def sentences(events: Iterable[ServiceEvent]) -> list[str]:
    """A sentence per service, by first use: "The upstream got 4 calls, at most 2 at once; 1 cut by the upstream."."""
    by_service: dict[str, list[ServiceEvent]] = {}
    for event in events:
        by_service.setdefault(event.service, []).append(event)
    return [_sentence(service_name(service), asked) for service, asked in by_service.items()]


def _sentence(service: str, events: Sequence[ServiceEvent]) -> str:
    kinds = Counter(event.kind for event in events).most_common(KINDS_SHOWN)
    told = " and ".join(counted(count, printable(kind, NAME_CHARS)) for kind, count in kinds)
    ends = Counter(event.end for event in events)
    words = {
        EventEnd.CLIENT_LEFT: "abandoned by the app",
        EventEnd.CUT: f"cut by the {service}",
        EventEnd.OPEN: "unfinished at the end",
    }
    rest = "".join(f"; {ends[end]} {word}" for end, word in words.items() if ends[end])
    most = peak((event.began_s, event.ended_s) for event in events)
    return f"The {service} got {told}, at most {most} at once{rest}."


def error_word(exchange: Exchange) -> str:
    """Why a request got no complete answer, in a few words; empty if it got a complete one."""
    if exchange.error is ExchangeError.CUT_OFF:
        return "unanswered"
    return ERROR_WORDS[exchange.error] if exchange.error is not None else ""


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]
