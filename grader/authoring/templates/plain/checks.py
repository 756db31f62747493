"""Checks of @SLUG@. A clock is needed: nothing outside of the app sees it sleep."""

import secrets

from grader.checks.api import Server, expect

PRINT_S = 0.1
CROWD = 25
TOGETHER_S = 0.75
"""Together they take 0.1 s and a little, for which 0.65 s are left; one after another 2.5 s, more than 3 times the limit."""


def ticket(number: int) -> dict[str, int]:
    return {"number": number, "check": number % 97}


async def test_a_ticket_is_right_and_was_printed(server: Server) -> None:
    """A ticket is right, and the printer gets its 0.1 s."""
    first = 1 + secrets.randbelow(10**9)
    for number in (first, first + 1):
        expect(await server.get(f"/tickets/{number}")).status(200).json(ticket(number)).at_least(PRINT_S)


async def test_tickets_are_printed_together(server: Server) -> None:
    """25 tickets at once take about as long as one."""
    crowd = await server.burst("GET", "/tickets/{n}", count=CROWD, cut_off_s=TOGETHER_S)
    expect(crowd).statuses(200).json(lambda answer: ticket(answer.n)).each_at_least(PRINT_S).within(TOGETHER_S, alone_s=PRINT_S)
