"""Work that Brevo does after it has answered, and the endpoints ``/processes``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from migrator.vendors.brevo.sandbox.answers import Answer, bad_route_id, not_found
from migrator.vendors.brevo.sandbox.store import Instant

if TYPE_CHECKING:
    from migrator.vendors.brevo.sandbox.answers import Call, Object
    from migrator.vendors.brevo.sandbox.organization import Organization

MAX_LIMIT = 50
FIRST_PROCESS = 50


class Work(Protocol):
    """What a process does, row by row."""

    @property
    def size(self) -> int:
        """How many rows there are."""
        ...

    def step(self, number: int, at: Instant) -> bool:
        """Do one row, counted from 0; False = the whole process fails here."""
        ...

    def result(self) -> Object:
        """What ``/processes`` says when all is done, besides id, name and status."""
        ...


@dataclass(slots=True)
class Process:
    """One piece of work.

    Attributes:
        accepted: when it was asked for, by the clock.
        final: its status once it is done.
        done: rows worked on so far.
        over: whether nothing more will happen.
    """

    id: int
    name: str
    work: Work
    accepted: float
    final: str
    visible: bool = True
    done: int = 0
    started: bool = False
    over: bool = False
    failed: bool = False


class Jobs:
    """All processes, one at a time in the order they were asked for.

    Nothing runs in the background: whoever looks calls :meth:`advance` first, and rows appear as
    if they had been worked on at their own times.
    """

    def __init__(self, organization: Organization) -> None:
        self._org = organization
        self._all: dict[int, Process] = {}
        self._queue: list[Process] = []
        self._free = float("-inf")

    def add(self, name: str, work: Work, *, crm: bool = False) -> int:
        """Accept work; the id of its process."""
        options = self._org.options
        process = Process(
            FIRST_PROCESS + len(self._all),
            name,
            work,
            self._org.instant().clock,
            options.process_final if crm else "completed",
            visible=options.process_visible or not crm,
        )
        self._all[process.id] = process
        self._queue.append(process)
        return process.id

    def advance(self) -> None:
        """Do what would have been done by now."""
        if not self._queue:
            return
        now = self._org.instant()
        while self._queue and self._run(self._queue[0], now):
            del self._queue[0]

    def _run(self, process: Process, now: Instant) -> bool:
        """Work on the process at the head of the queue; whether it is over."""
        rate = self._org.options.import_rows_per_second
        start = max(process.accepted + self._org.options.import_delay, self._free)
        if now.clock < start:
            return False
        process.started = True
        end = start + process.work.size / rate
        due = process.work.size if now.clock >= end else int((now.clock - start) * rate)
        for number in range(process.done, due):
            clock = start + (number + 1) / rate
            at = Instant(now.epoch - (now.clock - clock), clock)
            if not process.work.step(number, at):
                process.failed = process.over = True
                self._free = clock
                return True
        process.done = due
        process.over = now.clock >= end
        self._free = end if process.over else self._free
        return process.over

    def index(self, call: Call) -> Answer:
        """``GET /processes``."""
        limit = call.whole("limit", 10, MAX_LIMIT)
        offset = call.whole("offset", 0)
        shown = [one for one in self._all.values() if one.visible]
        if call.descending():
            shown.reverse()
        page = [self._body(one) for one in shown[offset : offset + limit]]
        return Answer(200, {"count": len(shown), "processes": [*page]})

    def get(self, call: Call) -> Answer:
        """``GET /processes/{id}``."""
        text = call.args["id"]
        if not (text.isascii() and text.isdigit()):
            raise bad_route_id("processId")
        process = self._all.get(int(text))
        if process is None or not process.visible:
            raise not_found("Process")
        return Answer(200, self._body(process))

    def _body(self, process: Process) -> Object:
        status = "queued"
        if process.failed:
            status = "failed"
        elif process.over:
            status = process.final
        elif process.started:
            status = self._org.options.process_running
        body: Object = {"id": process.id, "name": process.name, "status": status}
        if process.over and not process.failed:
            body.update(process.work.result())
        return body
