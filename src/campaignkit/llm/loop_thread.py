"""An event loop in a thread of its own, so that plain functions work where another loop runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for plain callers; the thread ends with the process.

    Examples
    --------
    >>> async def two() -> int:
    ...     return 2
    >>> loop = LoopThread()
    >>> loop.submit(two()).result()
    2
    >>> loop.close()
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=_turn, args=(self._loop,), name="campaignkit-llm", daemon=True
        )
        self._thread.start()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self) -> None:
        """Cancel what still runs there and end the thread."""
        if self._loop.is_closed():
            return
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5.0)


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
        loop.run_until_complete(_cancel(asyncio.all_tasks(loop)))
    finally:
        loop.close()


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def in_thread(call: Callable[[], T]) -> T:
    """Run a blocking call in a thread that does not hold up the end of the process.

    An executor's threads are waited for at exit; a call to a model can take a minute, and who
    interrupts does not want to wait for it.

    Examples
    --------
    >>> asyncio.run(in_thread(lambda: 3))
    3
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if ended.cancelled():
            return
        if error is not None:
            ended.set_exception(error)
        else:
            ended.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value, error = None, None
        try:
            value = call()
        except BaseException as err:  # handed to the waiting coroutine, whatever it is
            error = err
        with suppress(RuntimeError):  # the loop has gone; the call stays unconfirmed
            loop.call_soon_threadsafe(settle, value, error)

    threading.Thread(target=run, name="campaignkit-call", daemon=True).start()
    return await ended
