"""What happens to an account while a process exports it: another user, and the process's death.

Both are in step with the requests of the export and drawn by seed, so that a fast machine and a
slow one see the same.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.process.export_users import line_to

if TYPE_CHECKING:
    import random
    from types import TracebackType
    from typing import Self

    from migrator.vendors.base import Sandbox
    from tests.process.base import Process
    from tests.process.export_users import Sold, User

STRANGER = "stranger"
"""The ``User-Agent`` of the other user."""

_POLL = 0.02
_LONGEST = 1_000
"""Deals on a page at most."""


class Watched:
    """A sandbox that counts what an export asks, gives the stranger turns, and kills.

    Args:
        inner: the sandbox.
        pace: requests of the export for one turn of the stranger's.

    Attributes:
        asked: requests of the export.
        readings: how many deals the stranger had deleted when it began to read all of them.
        stranger: works whenever it is his turn; None = nobody does.
        victim: the process that dies at a request, when there is one.
    """

    def __init__(self, inner: Sandbox, pace: int) -> None:
        self._inner = inner
        self._pace = pace
        self._left = 0
        self._after = False
        self._first: int | None = None
        self.asked = 0
        self.readings: list[int] = []
        self.stranger: Stranger | None = None
        self.victim: Process | None = None

    def aim(self, victim: Process, at: int, *, after: bool) -> None:
        """The process dies at this request of its own, before or after it is carried out."""
        self._left, self._after, self.victim = at, after, victim

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer as the sandbox does."""
        if request.headers.get("User-Agent") == STRANGER:
            return self._inner.handle(request)
        self.asked += 1
        if self.stranger is not None:
            self._notice(request, len(self.stranger.deleted))
            if self.asked % self._pace == 0:
                self.stranger.turn.release()
        self._left -= 1
        if self._left != 0 or self.victim is None:
            return self._inner.handle(request)
        if not self._after:
            self.victim.kill()
        response = self._inner.handle(request)
        self.victim.kill()
        return response

    def _notice(self, request: httpx.Request, deleted: int) -> None:
        """A reading is a first page with a second one behind it.

        A count may be the former only, and what comes behind it a look at the end of the list.
        """
        path, asked = request.url.path, request.url.params
        offset = int(asked.get("offset", "0"))
        if request.method != "GET" or not path.endswith("/deals") or "pipelines" in path:
            self._first = None
        elif "after" not in asked and not offset:
            self._first = deleted
        elif self._first is not None:
            self.readings += [self._first] if offset <= _LONGEST else []
            self._first = None


@dataclass
class Stranger:
    """Another user, who creates, changes and deletes deals over HTTP whenever it is his turn.

    Attributes:
        deals: of the account, by id, as they were before he came.
        created: by id, as he made them.
        changed: by id, the amounts that he gave them, in order.
        deleted: ids, in order.
    """

    user: User
    url: str
    vendor: str
    rng: random.Random
    deals: dict[str, Sold]
    created: dict[str, Sold] = field(default_factory=dict)
    changed: dict[str, list[int]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __post_init__(self) -> None:
        self._left = list(self.deals)
        self._home = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name=STRANGER)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.go_home()
        if self._failure is not None:
            raise self._failure

    def go_home(self) -> None:
        """Finish what he is at, and do nothing more."""
        self._home = True
        self.turn.release()
        self._thread.join()

    def _work(self) -> None:
        try:
            with httpx.Client(base_url=self.url, headers={"User-Agent": STRANGER}) as client:
                user = self.user.over(line_to(self.vendor, client))
                while self.turn.acquire() and not self._home:
                    self._act(user)
        except BaseException as error:  # noqa: BLE001  # raised again where the test can see it
            self._failure = error

    def _act(self, user: User) -> None:
        """One of three things; who deletes as much as he creates hides best."""
        draw = self.rng.randrange(3)
        place = self.rng.randrange(len(self._left))
        id_ = self._left[place]
        if draw == 0:
            number = len(self.created)
            sold = replace(self.deals[id_], name=f"Made meanwhile {number}", amount=number)
            (made,) = user.create([sold])
            self.created[made] = sold
        elif draw == 1:
            amount = self.rng.randrange(1_000_000, 2_000_000)
            user.change(id_, amount)
            self.changed.setdefault(id_, []).append(amount)
        else:
            self._left[place] = self._left[-1]
            self._left.pop()
            user.delete(id_)
            self.deleted.append(id_)


class Peak:
    """Reads how much memory a process has had at most (``VmHWM``) for as long as it lives.

    What the operating system tells of children that have ended includes what the parent had when
    it made them, which is a whole sandbox here.

    Attributes:
        mebibytes: the most that was seen.
    """

    def __init__(self, process: Process) -> None:
        self.mebibytes = 0.0
        self._status = Path(f"/proc/{process.pid}/status")
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(_POLL):
            try:
                lines = self._status.read_text().splitlines()
            except OSError:
                return
            held = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
            self.mebibytes = max(self.mebibytes, *(kibibytes / 1024 for kibibytes in held), 0.0)
