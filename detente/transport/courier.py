"""The courier: carries what a house wants sent to the relay, and brings in what the relay has.

For every line one loop, for the mailbox one more.  A loop wakes when the house has something to send
or the relay says that something is new; then it sends, reads until it has everything, and sleeps.
Whatever fails is tried again, later each time; a repetition does no harm, since the relay knows tags
and the house knows acts.  The courier decides nothing.

What nobody foresaw on one errand is reported (`on_fault`) and ends no loop: the errand is done again at the
next waking, and a letter that the house stumbles over is left behind, so that nobody who may post to its box
can hold up the letters after it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import httpx

from detente.chancery.house import Chancery, Outgoing, Submission
from detente.ground.errors import Conflict, DetenteError, Forked, NotAuthentic, Refused, Unavailable, Unfit
from detente.ground.identifiers import LineId, Position
from detente.ground.instants import Instant
from detente.line.engine import Page
from detente.line.terms import Ordered
from detente.transport import clock
from detente.transport.desk import Desk
from detente.transport.relay_client import Placed, RelayClient, connections
from detente.wire import relaying

FIRST_PAUSE = 0.1  # seconds, doubled after every failure
LONGEST_PAUSE = 5.0
SOON = 1.0  # seconds until a letter is tried again whose addressee has no box yet
QUIET = 15.0  # seconds after which a loop looks even without news
MOST_TOGETHER = 200  # entries in one request


class Bell:
    """Wakes a loop; rung twice before it woke, it wakes once."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake the loop."""
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Sleep until rung, at most so long; whether it was rung."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # wait_for of Python 3.11 loses a cancellation that meets a ring
                await self._event.wait()
        rung = self._event.is_set()
        self._event.clear()
        return rung


class Courier:
    """All loops of one house."""

    def __init__(
        self,
        desk: Desk,
        relay_url: str,
        on_change: Callable[[], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        """`on_change` is called when a house's views may have changed, `on_fault` with what nobody foresaw."""
        self._desk = desk
        self._url = relay_url
        self._on_change = on_change
        self._on_fault = on_fault
        self._bells: dict[LineId, Bell] = {}
        self._house_bell = Bell()
        self._tasks: set[asyncio.Task[None]] = set()
        self._undelivered = False
        self._look_for_mail = True  # only then is the relay asked: most wakings are about lines
        self.reached = False  # whether the last attempt to speak to the relay succeeded

    def wake(self, line: LineId | None = None) -> None:
        """There may be something to send, on one line or anywhere."""
        self._house_bell.ring()
        for identifier, bell in self._bells.items():
            if line is None or identifier == line:
                bell.ring()

    async def run(self) -> None:
        """Carry until cancelled."""
        box, seed = await self._desk.do(lambda house: house.box)
        pool = connections(self._url)
        mail = RelayClient(pool, seed)
        try:
            self._spawn(self._listen_for_mail(mail.mail_news(box)))
            while True:
                await self._persist(lambda: self._carry_mail(mail, box))
                for line in await self._desk.do(lambda house: list(house.lines())):
                    if line not in self._bells:
                        self._bells[line] = Bell()
                        self._spawn(self._carry_line(pool, line, self._bells[line]))
                if not await self._house_bell.wait(SOON if self._undelivered else QUIET):
                    self._look_for_mail = True
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await pool.aclose()

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(self._watched(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watched(self, work: Awaitable[None]) -> None:
        """A loop of its own.  Where listening ends by an error of ours, the errand meets the same and says so."""
        try:
            await work
        except DetenteError:
            return
        except Exception as error:  # noqa: BLE001 - nobody awaits a loop: it must not end unheard
            self._on_fault(error)

    async def _persist(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it until it succeeds; what is refused or false will not become true by repeating it."""
        pause = FIRST_PAUSE
        while True:
            try:
                await work()
                self.reached = True
            except Unavailable:
                self.reached = False
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, 2 * pause)
            except Unfit:
                raise
            except DetenteError:
                return  # the house has kept it as an alarm, or the relay has said why
            except Exception as error:  # noqa: BLE001 - one errand must not end the others
                self._on_fault(error)
                return
            else:
                return

    async def _listen(self, news: AsyncIterator[object], bell: Bell) -> None:
        async for _ in news:
            bell.ring()

    async def _listen_for_mail(self, news: AsyncIterator[object]) -> None:
        async for _ in news:
            self._look_for_mail = True
            self._house_bell.ring()

    # --- mail ------------------------------------------------------------------------------------

    async def _carry_mail(self, client: RelayClient, box: str) -> None:
        self._undelivered = False
        for post in await self._desk.do(lambda house: house.posts()):
            try:
                await client.post_mail(post.box, post.tag, post.sealed)
            except Refused:
                self._undelivered = True  # its addressee has not opened the box yet: later again
                continue
            except Conflict:
                pass  # the same part, sealed another time, waits there already: the tag is its hash
            await self._desk.do(partial(_posted, key=post.key))
        if self._look_for_mail:
            self._look_for_mail = False  # what comes from now on says so again
            try:
                await self._take_mail(client, box)
            except DetenteError:
                self._look_for_mail = True
                raise

    async def _take_mail(self, client: RelayClient, box: str) -> None:
        items = await client.take_mail(box)
        for item in items:
            try:
                await self._desk.do(partial(_take_letter, sealed=item.sealed))
            except (Unavailable, Unfit):
                raise
            except Exception as error:  # noqa: BLE001 - anybody may have written it; the next one is another's
                self._on_fault(error)
        if items:
            await client.drop_mail(box, items[-1].number)
            self.wake()
            self._on_change()

    # --- lines -----------------------------------------------------------------------------------

    async def _carry_line(self, pool: httpx.AsyncClient, line: LineId, bell: Bell) -> None:
        outgoing = await self._desk.do(lambda house: house.outgoing(line))
        client = RelayClient(pool, outgoing.writer_seed)
        carrier = LineCarrier(self._desk, client, line, self._changed)
        self._spawn(self._listen(client.news(outgoing.terms.name), bell))
        while True:
            await self._persist(carrier.turn)
            if not await bell.wait(QUIET):
                await self._persist(partial(self._tend, line))

    async def _tend(self, line: LineId) -> None:
        """Time has passed and nothing came: something may be due."""
        now = clock.now()
        await self._desk.do(lambda house: house.tend(line, now))

    def _changed(self) -> None:
        self._house_bell.ring()
        self._on_change()


class LineCarrier:
    """One line's errands: found it at the relay, send, read, cosign."""

    def __init__(self, desk: Desk, client: RelayClient, line: LineId, on_change: Callable[[], None]) -> None:
        self._desk = desk
        self._client = client
        self._line = line
        self._on_change = on_change
        self._sent: set[bytes] = set()
        self._cosigned = -1
        self._founded = False

    async def turn(self) -> None:
        """Send what there is and read what there is, until there is neither."""
        looked = False
        while True:
            outgoing = await self._desk.do(lambda house: house.outgoing(self._line))
            if outgoing.found and not self._founded:
                await self._client.create_line(outgoing.terms.name, [self._client.public])
                self._founded = True
            tried, sent = await self._send(outgoing)
            if looked and not tried:
                return  # the relay was asked for no place since; what others do rings the bell
            read = await self._read(outgoing)
            looked = True
            if not sent and not read:
                return

    async def _send(self, outgoing: Outgoing) -> tuple[bool, bool]:
        """Whether there was an entry to send, and whether one has a new place."""
        await self._cosign(outgoing)
        self._sent.intersection_update(each.tag for each in outgoing.submissions)
        waiting = [each for each in outgoing.submissions if each.tag not in self._sent][:MOST_TOGETHER]
        if not waiting:
            return False, False
        results = await self._client.append(outgoing.terms.name, [_submission(each) for each in waiting])
        for submission, result in zip(waiting, results, strict=True):
            if isinstance(result, Placed):
                self._sent.add(submission.tag)
            elif result.code == "stale" and result.size == outgoing.size:
                # Everything is read and the house stands by its epoch: the relay counted a commit that took no effect.
                await self._client.append(outgoing.terms.name, [_submission(submission, insist=True)])
                self._sent.add(submission.tag)
            elif result.code == "refused":
                raise Refused(result.sentence)
        return True, any(isinstance(result, Placed) for result in results)

    async def _cosign(self, outgoing: Outgoing) -> None:
        if outgoing.cosignature is not None and outgoing.cosignature[0] > self._cosigned:
            size, root, text = outgoing.cosignature
            with contextlib.suppress(Conflict, Refused):  # then what is read next shows why
                await self._client.cosign(outgoing.terms.name, size, root, text)
            self._cosigned = size

    async def _read(self, outgoing: Outgoing) -> bool:
        size, progress = outgoing.size, False
        while True:
            page = await self._client.read(outgoing.terms.name, size)
            entries = [
                Ordered(Position(place), leaf, ciphertext)
                for place, (leaf, ciphertext) in enumerate(page.entries, size)
            ]
            cosignatures = [(each.size, each.root, each.text) for each in page.cosignatures]
            taken = Page(entries, page.checkpoint, cosignatures)
            now = clock.now()
            moved = await self._desk.do(partial(_receive, line=self._line, page=taken, now=now))
            if isinstance(moved, DetenteError):
                self._on_change()
                raise moved
            if moved:
                self._on_change()
            progress = progress or bool(entries)
            size += len(entries)
            if size >= page.size or not entries:
                return progress


def _receive(house: Chancery, line: LineId, page: Page, now: Instant) -> bool | Forked | NotAuthentic:
    """Whether the line moved.

    A false page is a result and not an error: the desk undoes a step that raises, and the alarm with it.
    """
    before = house.line(line)
    mark = (before.size, before.confirmed)
    try:
        house.receive(line, page, now)
    except (Forked, NotAuthentic) as error:
        return error
    after = house.line(line)
    return (after.size, after.confirmed) != mark


def _posted(house: Chancery, key: str) -> None:
    house.posted(key)


def _take_letter(house: Chancery, sealed: bytes) -> str:
    return house.receive_letter(sealed)


def _submission(each: Submission, *, insist: bool = False) -> relaying.Submission:
    return relaying.Submission(
        kind=1 if each.commit else 0,
        epoch=each.epoch,
        tag=each.tag,
        ciphertext=each.ciphertext,
        expected=each.expected,
        writers=each.writers,
        insist=insist,
    )
