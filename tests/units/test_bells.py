"""Whoever waits at a bell and is cancelled in the moment in which it rings is cancelled: a house must be able to end."""

import asyncio
import sys

import pytest

from detente.api import hub
from detente.transport import courier


async def at_the_courier(bell):
    await bell.wait(60)


async def at_the_hub(bell):
    await bell.wait(bell.rung, 60)


async def with_wait_for(bell):
    """The control: how Python 3.11 loses it."""
    await asyncio.wait_for(bell._event.wait(), 60)


async def is_cancelled(bell, wait):
    task = asyncio.ensure_future(wait(bell))
    for _ in range(5):
        await asyncio.sleep(0)
    bell.ring()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return task.cancelled()


@pytest.mark.parametrize(
    ("bell", "wait"), [(courier.Bell, at_the_courier), (hub.Bell, at_the_hub)], ids=["courier", "hub"]
)
def test_a_ring_does_not_swallow_a_cancellation(bell, wait):
    async def whole():
        return await is_cancelled(bell(), wait)

    assert asyncio.run(whole())


def test_control_a_ring_swallows_a_cancellation_of_wait_for():
    async def whole():
        return await is_cancelled(courier.Bell(), with_wait_for)

    assert asyncio.run(whole()) == (sys.version_info >= (3, 12))


@pytest.mark.parametrize(
    ("bell", "wait"), [(courier.Bell(), lambda bell: bell.wait(0.01)), (hub.Bell(), lambda bell: bell.wait(0, 0.01))]
)
def test_waiting_ends_with_its_time_though_nothing_rang(bell, wait):
    assert asyncio.run(wait(bell)) is False
