"""Endpoints of imports: files that are worked on after the answer, some at a time, row by row."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.vendors.hubspot.sandbox.answers import Answer, Refusal, invalid, not_found
from migrator.vendors.hubspot.sandbox.import_request import read_request
from migrator.vendors.hubspot.sandbox.import_rows import Rows
from migrator.vendors.hubspot.sandbox.import_sheets import Unreadable, read_sheet

if TYPE_CHECKING:
    from migrator.vendors.hubspot.sandbox.answers import Call, Json, Object
    from migrator.vendors.hubspot.sandbox.import_request import ImportRequest
    from migrator.vendors.hubspot.sandbox.import_sheets import Sheet
    from migrator.vendors.hubspot.sandbox.portal import Portal

PAGE = 100
"""Imports, or errors, in one page: the default and the most (UNCERTAIN: not documented)."""

DAY = 24 * 60 * 60.0
FIRST_IMPORT, FIRST_FILE = 60_000_001, 180_000_000_001

_COUNTERS = (
    "TOTAL_ROWS",
    "MAPPED_COLUMNS",
    "UNMAPPED_COLUMNS",
    "PROPERTY_VALUES_EMITTED",
    "CREATED_OBJECTS",
    "UPDATED_OBJECTS",
    "UNIQUE_OBJECTS_WRITTEN",
    "ASSOCIATIONS_EMITTED",
    "ASSOCIATIONS_CREATED",
    "ERRORS",
)
"""Counters as seen in public answers; the documentation names none (UNCERTAIN)."""


@dataclass(slots=True)
class Job:
    """One import.

    Attributes:
        accepted: when it was asked for, by the clock.
        began: when its turn came; None = it waits.
        sheets: its files, taken apart.
        broken: why no row can be taken from a file.
        done: rows worked on so far.
        final: the state it ended in.
    """

    id: int
    request: ImportRequest
    rows: Rows
    accepted: float
    created: str
    updated: str
    file_ids: list[int]
    sheets: list[Sheet] = field(default_factory=list)
    broken: Unreadable | None = None
    began: float | None = None
    done: int = 0
    final: str | None = None

    @property
    def size(self) -> int:
        """Rows of data in all files."""
        return sum(len(sheet.rows) for sheet in self.sheets)


class Imports:
    """All imports of an account.

    Nothing runs in the background: whoever looks calls :meth:`advance` first, and what is written
    is dated as if it had been worked on at its own time.
    """

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._jobs: dict[int, Job] = {}
        self._waiting: deque[Job] = deque()
        self._active: list[Job] = []
        self._free = [float("-inf")] * portal.options.imports_at_once
        self._next_file = FIRST_FILE

    def advance(self) -> None:
        """Do what would have been done by now."""
        if not self._active:
            return
        now = self._portal.clock()
        while self._active:
            job = min(self._active, key=self._due)
            at = self._due(job)
            if at > now:
                return
            self._step(job, at, now - at)

    def start(self, call: Call) -> Answer:
        """``POST imports``: a form of the request and its files."""
        self._check_imports_today()
        portal = self._portal
        request = read_request(portal, call)
        now = portal.time()
        file_ids = [self._next_file + number for number in range(len(request.files))]
        rows = Rows(portal, request, enforces=call.enforces)
        id = FIRST_IMPORT + len(self._jobs)
        job = Job(id, request, rows, portal.clock(), now, now, file_ids)
        self._read(job)
        self._check_rows(job)
        self._next_file += len(file_ids)
        self._jobs[id] = job
        self._waiting.append(job)
        self._admit()
        return Answer(200, self._show(job))

    def index(self, call: Call) -> Answer:
        """``GET imports``, the newest first (UNCERTAIN)."""
        jobs = sorted(self._jobs.values(), key=lambda job: -job.id)
        after = _after(call)
        if after is not None:
            jobs = [job for job in jobs if job.id < after]
        return _page(call, [(job.id, self._show(job)) for job in jobs])

    def get(self, call: Call) -> Answer:
        """``GET imports/{id}``."""
        return Answer(200, self._show(self._find(call)))

    def errors(self, call: Call) -> Answer:
        """``GET imports/{id}/errors``: messages and rows only when asked for."""
        job = self._find(call)
        after = _after(call) or 0
        shown = []
        for number, error in enumerate(job.rows.errors, start=1):
            if number <= after:
                continue
            body = dict(error)
            if not call.flag("includeErrorMessage"):
                del body["errorMessage"]
            source = body["sourceData"]
            if not call.flag("includeRowData") and isinstance(source, dict):
                body["sourceData"] = {**source, "rowData": []}
            shown.append((number, body))
        return _page(call, shown)

    def cancel(self, call: Call) -> Answer:
        """``POST imports/{id}/cancel``: what is imported stays."""
        job = self._find(call)
        if job.final is not None:
            # UNCERTAIN: only imports under way can be canceled; the status is not documented.
            raise invalid(f"Import {job.id} is {job.final} and cannot be canceled.")
        if job in self._waiting:
            self._waiting.remove(job)
            job.final, job.updated = "CANCELED", self._portal.time()
        else:
            self._finish(job, "CANCELED", self._portal.clock(), 0.0)
        now = self._portal.time()
        done: Object = {"requestedAt": now, "startedAt": now, "completedAt": now, "links": {}}
        return Answer(200, {"status": "COMPLETE", **done})

    def _check_imports_today(self) -> None:
        since = self._portal.clock() - DAY
        recent = sum(job.accepted > since for job in self._jobs.values())
        most = self._portal.options.imports_per_day
        if recent >= most:
            message = f"You have reached the limit of {most} imports in 24 hours."
            raise Refusal(429, "RATE_LIMITS", message)

    def _read(self, job: Job) -> None:
        try:
            job.sheets = [
                read_sheet(self._portal.options, file, file_id)
                for file, file_id in zip(job.request.files, job.file_ids, strict=True)
            ]
        except Unreadable as error:
            job.broken = error

    def _check_rows(self, job: Job) -> None:
        options = self._portal.options
        for sheet in job.sheets:
            if len(sheet.rows) > options.import_rows:
                # UNCERTAIN: the limit is documented, not when and how it is told.
                raise invalid(f"{sheet.file.name} has more than {options.import_rows} rows.")
        since = self._portal.clock() - DAY
        recent = sum(one.size for one in self._jobs.values() if one.accepted > since)
        if recent + job.size > options.import_rows_per_day:
            message = f"You have reached the limit of {options.import_rows_per_day} rows."
            raise Refusal(429, "RATE_LIMITS", message)

    def _admit(self) -> None:
        """Give free places to those who wait, in their order."""
        while self._waiting and self._free:
            job = self._waiting.popleft()
            free = min(self._free)
            self._free.remove(free)
            job.began = max(job.accepted, free)
            self._active.append(job)

    def _starts(self, job: Job) -> float:
        """When the first row of an import under way is taken up."""
        return (job.began or 0.0) + self._portal.options.import_seconds

    def _due(self, job: Job) -> float:
        """When an import under way does its next step."""
        starts = self._starts(job)
        if job.broken is not None or job.done == job.size:
            return starts
        return starts + (job.done + 1) / self._portal.options.import_rows_per_second

    def _step(self, job: Job, at: float, ago: float) -> None:
        if job.broken is not None:
            job.rows.fail(job.file_ids[0], job.broken.type, job.broken.message, ago)
            self._finish(job, "FAILED", at, ago)
            return
        index = job.done
        for sheet in job.sheets:
            if index < len(sheet.rows):
                job.rows.add(sheet, index, ago)
                job.done += 1
                break
            index -= len(sheet.rows)
        job.updated = self._portal.time(ago)
        if job.done == job.size:
            self._finish(job, "DONE", at, ago)

    def _finish(self, job: Job, final: str, at: float, ago: float) -> None:
        job.final, job.updated = final, self._portal.time(ago)
        self._active.remove(job)
        self._free.append(at)
        self._admit()

    def _find(self, call: Call) -> Job:
        text = call.args["id"]
        job = self._jobs.get(int(text)) if text.isascii() and text.isdigit() else None
        if job is None:
            raise not_found(f"Import {text} was not found.")
        return job

    def _state(self, job: Job) -> str:
        if job.final is not None:
            return job.final
        if job.began is None:
            return "DEFERRED"
        return "STARTED" if self._portal.clock() < self._starts(job) else "PROCESSING"

    def _show(self, job: Job) -> Object:
        counted = dict(job.rows.counters)
        if job.began is not None and job.broken is None:
            mapped = [
                sum(column.kind is not None for column in file.columns)
                for file in job.request.files
            ]
            counted["TOTAL_ROWS"] = job.size
            counted["MAPPED_COLUMNS"] = sum(mapped)
            counted["UNMAPPED_COLUMNS"] = sum(sheet.width for sheet in job.sheets) - sum(mapped)
        zeros = self._portal.options.import_zero_counters
        counters: Object = {
            name: counted.get(name, 0) for name in _COUNTERS if zeros or counted.get(name)
        }
        mapped_types = {kind.type_id: None for file in job.request.files for kind in file.kinds}
        return {
            self._portal.options.import_id_name: str(job.id),
            "state": self._state(job),
            "importName": job.request.name,
            "importSource": "API",
            "importRequestJson": job.request.body,
            "optOutImport": False,
            "createdAt": job.created,
            "updatedAt": job.updated,
            "mappedObjectTypeIds": [*mapped_types],
            "metadata": {
                "objectLists": [],
                "counters": counters,
                "fileIds": [str(id) for id in job.file_ids],
            },
        }


def _after(call: Call) -> int | None:
    text: str = call.query.get("after") or ""
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise invalid("Query parameter after is not a cursor of this list.")
    return int(text)


def _page(call: Call, items: list[tuple[int, Object]]) -> Answer:
    """One page of numbered things; the number of the last is the cursor."""
    limit = call.whole("limit", PAGE, PAGE)
    results: list[Json] = [body for _, body in items[:limit]]
    body: Object = {"results": results}
    if len(items) > limit:
        last = str(items[limit - 1][0])
        body["paging"] = {"next": {"after": last, "link": f"?limit={limit}&after={last}"}}
    return Answer(200, body)
