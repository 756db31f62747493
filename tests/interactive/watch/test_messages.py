"""The inbox of a watch: order, saves that count once, and messages that interrupt work."""

import anyio
import anyio.lowlevel
import pytest

from grader.interactive.watch.file_watcher import Gone, Saved
from grader.interactive.watch.messages import LIMIT_MESSAGES, Inbox, Message, Pressed, Signalled
from tests.waiting import HANG_S

H, Q = Pressed("h"), Pressed("q")


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def never(message: Message) -> bool:
    return False


async def test_messages_come_out_in_order(inbox: Inbox) -> None:
    for message in (H, Signalled(15), Q):
        inbox.put(message)
    assert [await inbox.next() for _ in range(3)] == [H, Signalled(15), Q]
    inbox.close()


async def test_all_saves_so_far_count_as_one(inbox: Inbox) -> None:
    for message in (Saved(), H, Saved()):
        inbox.put(message)
    assert (inbox.collect(), inbox.has_postponed) == (True, True)
    assert await inbox.next() == H
    assert (inbox.collect(), inbox.has_postponed) == (False, False)
    inbox.close()


async def test_a_save_outdates_an_earlier_loss_of_the_file_but_not_a_later_one(
    inbox: Inbox,
) -> None:
    for message in (Gone(), H, Saved()):
        inbox.put(message)
    inbox.collect()
    assert await inbox.next() == H
    assert not inbox.has_postponed
    for message in (Saved(), Gone()):
        inbox.put(message)
    assert inbox.collect()
    assert await inbox.next() == Gone()
    inbox.close()


async def test_a_full_inbox_drops_what_comes_after(inbox: Inbox) -> None:
    for _ in range(LIMIT_MESSAGES):
        inbox.put(H)
    inbox.put(Q)
    inbox.collect()
    assert [await inbox.next() for _ in range(LIMIT_MESSAGES)] == [H] * LIMIT_MESSAGES
    assert not inbox.has_postponed
    inbox.close()


async def test_work_that_nothing_interrupts_gives_its_result(inbox: Inbox) -> None:
    async def work() -> str:
        assert inbox.is_attending
        await anyio.lowlevel.checkpoint()
        return "done"

    assert await inbox.attend(work, never) == "done"
    assert not inbox.is_attending
    inbox.close()


async def test_a_message_can_interrupt_work_and_the_others_wait(inbox: Inbox) -> None:
    async def endless() -> str:
        await anyio.sleep_forever()
        return "never"

    def interrupts(message: Message) -> bool:
        if message == Q:
            return True
        inbox.postpone(message)
        return False

    inbox.put(H)
    inbox.put(Q)
    with anyio.fail_after(HANG_S):
        assert await inbox.attend(endless, interrupts) is None
    assert not inbox.is_attending
    assert await inbox.next() == H
    inbox.close()
