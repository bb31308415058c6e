"""Many changes as a file: HubSpot's imports.

An import is a few requests, however many rows its file has, and tells nothing of single rows but of
those that failed. So what a file leaves in any doubt goes once more by a batch, which tells of each
row what became of it: to write the same update twice does no harm.

New records never go by a file. Their ids would have to be read back by their keys, a hundred a
request, as many as create them in batches; and it is UNCERTAIN whether a bad cell costs its row or
only itself: a record whose key is refused might then be created without one.

UNCERTAIN is what a blank cell does, so that no file has one: each has the rows of one set of
properties. UNCERTAIN, too, is how a portal's own formats and zone come in; some rows of each file
are read back, and if one differs, all of the file count as in doubt.
Source: imports API (OpenAPI file of v3), "set up your import file".
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from migrator.errors import MigratorError, OutcomeUnknown
from migrator.model import Action, ObjectType
from migrator.vendors.hubspot import values
from migrator.vendors.hubspot.answers import Refusal
from migrator.vendors.hubspot.calls import BATCH
from migrator.vendors.hubspot.records import by_id, query
from migrator.wire import Effect, Part, request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from migrator.model import Op, Sent
    from migrator.vendors.hubspot.answers import Json
    from migrator.vendors.hubspot.calls import Calls
    from migrator.wire import Clock

ROWS = 20_000
"""Most rows of a file. HubSpot takes a million; so many fit into memory beside everything else,
and are few enough to be sent once more."""

TYPE_IDS = {ObjectType.DEALS: "0-3", ObjectType.CONTACTS: "0-1", ObjectType.COMPANIES: "0-2"}

_RECORD_ID = "Record ID"

_OVER = frozenset({"DONE", "FAILED", "CANCELED", "CANCELLED", "REVERTED"})

_PAUSES = (2, 4, 8, 16)
_LONG_PAUSE = 30
_LONGEST = 3_600
"""Seconds between two looks at an import, and how long one is looked at."""

POLLS = 5
"""Looks that a file of :data:`ROWS` rows usually takes."""

_MOST_ERRORS = 1_000
"""With more errors than these the whole file is in doubt; to read them all would save nothing."""


def eligible(op: Op) -> bool:
    """Whether an op may go by a file: an update that clears nothing."""
    writes = bool(op.properties) and "" not in op.properties.values()
    return op.type in TYPE_IDS and op.action is Action.UPDATE and writes


def grouped(ops: Iterable[Op], least: int) -> list[list[Op]]:
    """Ops that may go by a file, in one group per set of properties, of ``least`` ops or more."""
    groups: dict[frozenset[str], list[Op]] = {}
    for op in ops:
        if eligible(op):
            groups.setdefault(frozenset(op.properties), []).append(op)
    return [group for group in groups.values() if len(group) >= least]


@dataclass(frozen=True, slots=True)
class Imports:
    """Imports of one portal.

    Attributes:
        calls: to the portal.
        clock: for polling.
        same: as :meth:`migrator.vendors.base.Vendor.same`.
        kind: a property's kind by type and name, as far as it is known.
    """

    calls: Calls
    clock: Clock
    same: Callable[[ObjectType, str, str, str | None], bool]
    kind: Callable[[ObjectType, str], str]

    # -- sending -----------------------------------------------------------------------------------

    async def send(self, ops: Sequence[Op], note: Callable[[str], None]) -> list[Op] | None:
        """Import ops of one set of properties; those that surely were carried out.

        None = HubSpot does not take the file.

        Raises:
            OutcomeUnknown: the file may have been taken, or is still being worked off.
        """
        job = await self._upload(ops)
        if job is None:
            return None
        note(f"{job}:{_digest(ops[0])}")
        try:
            clean, _ = await self._clean(job, ops)
        except OutcomeUnknown:
            raise
        except MigratorError as error:
            raise OutcomeUnknown(f"HubSpot took a file (import {job}), then: {error}") from error
        return clean

    async def _upload(self, ops: Sequence[Op]) -> str | None:
        """The id of the import."""
        type = ops[0].type
        parts = {
            "importRequest": Part(json.dumps(_asked(ops)).encode(), "application/json"),
            "files": Part(self._file(ops), "text/csv", f"{type}.csv"),
        }
        path = self.calls.paths.imports()
        response = await request(self.calls.client, "POST", path, effect=Effect.ONCE, parts=parts)
        try:
            found = self.calls.check(response, f"POST {path}")
        except Refusal:
            return None
        job = found.get("id") or found.get("importId")
        if not job:
            raise OutcomeUnknown("HubSpot took a file and did not say what its import is called.")
        return str(job)

    def _file(self, ops: Sequence[Op]) -> bytes:
        """A CSV whose first column has the records' ids."""
        names = sorted(ops[0].properties)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([_RECORD_ID, *names])
        for op in ops:
            writer.writerow([op.id, *(self._cell(op, name) for name in names)])
        return text.getvalue().encode()

    def _cell(self, op: Op, name: str) -> str:
        """A value as files have it: a moment in milliseconds, which no zone can move."""
        value = op.properties[name]
        if self.kind(op.type, name) != "datetime":
            return value
        moment = values.as_moment(value)
        return value if moment is None else str(round(moment.timestamp() * 1000))

    # -- what became of it -------------------------------------------------------------------------

    async def _clean(self, job: str, ops: Sequence[Op]) -> tuple[list[Op], list[Op]]:
        """Those ops of an import of which nothing speaks against it, and those it complains of."""
        if await self.finished(job) != "DONE" or not ops:
            return [], []
        failed = await self._failed(job, ops)
        if failed is None:
            return [], []
        clean = [op for op in ops if op.id not in failed]
        complained = [op for op in ops if op.id in failed]
        return (clean if await self._look_right(clean) else []), complained

    async def finished(self, job: str) -> str:
        """The state in which an import has ended; blank when there is none of this id."""
        path = self.calls.paths.imports(job)
        waited = 0
        pauses = iter(_PAUSES)
        while waited < _LONGEST:
            pause = next(pauses, _LONG_PAUSE)
            await self.clock.sleep(pause)
            waited += pause
            try:
                found = await self.calls.get(path)
            except Refusal as refusal:
                if refusal.status == 404:
                    return ""
                raise
            state = str(found.get("state") or "").upper()
            if state in _OVER:
                return state
        raise OutcomeUnknown(
            f"HubSpot is still at work on the import {job} (see Settings > Import & Export). "
            "Resume when it is done."
        )

    async def _failed(self, job: str, ops: Sequence[Op]) -> set[str] | None:
        """Ids of the rows that an import complains of; None = of all, or nobody knows of which.

        A row is told by its own cells: whether lines are counted from the header on is UNCERTAIN.
        """
        known = {op.id for op in ops}
        params = {"limit": str(BATCH), "includeErrorMessage": "true", "includeRowData": "true"}
        failed: set[str] = set()
        async for page in self.calls.pages(self.calls.paths.imports(f"{job}/errors"), params):
            for error in page:
                cells = (error.get("sourceData") or {}).get("rowData") or [""]
                id_ = str(cells[0])
                if id_ not in known or len(failed) >= _MOST_ERRORS:
                    return None
                failed.add(id_)
        return failed

    async def _look_right(self, ops: Sequence[Op]) -> bool:
        """Whether some updates, from all over the file, are as they were sent."""
        if not ops:
            return True
        some = ops[:: -(-len(ops) // BATCH)]
        asked = query(self.calls, some[0].type, sorted(some[0].properties))
        there = await by_id(asked, [str(op.id) for op in some])
        return all(
            self.same(op.type, name, value, held.get(name))
            for op in some
            for held in [(there.get(str(op.id)) or {}).get("properties") or {}]
            for name, value in op.properties.items()
        )

    # -- after a kill ------------------------------------------------------------------------------

    async def told(self, sent: Sequence[Sent]) -> tuple[list[Op], list[Op]]:
        """Ops of imports that are known: carried out, and complained of."""
        noted: dict[str, list[Op]] = {}
        for one in sent:
            if one.job is not None:
                noted.setdefault(one.job, []).append(one.op)
        clean: list[Op] = []
        complained: list[Op] = []
        for text, ops in noted.items():
            job, _, digest = text.partition(":")
            of_file = [op for op in ops if eligible(op) and _digest(op) == digest]
            good, bad = await self._clean(job, of_file)
            clean += good
            complained += bad
        return clean, complained


def _asked(ops: Sequence[Op]) -> Json:
    """What an import is to do; the columns as the file has them, by name and in its order."""
    type = ops[0].type
    type_id = TYPE_IDS[type]
    ids = {**_column(type_id, "hs_object_id"), "columnType": "HUBSPOT_OBJECT_ID"}
    columns = [{**ids, "columnName": _RECORD_ID}]
    columns += [_column(type_id, name) for name in sorted(ops[0].properties)]
    return {
        "name": f"migrator: update {len(ops)} {type}",
        "importOperations": {type_id: "UPDATE"},
        "dateFormat": "YEAR_MONTH_DAY",
        "files": [
            {
                "fileName": f"{type}.csv",
                "fileFormat": "CSV",
                "fileImportPage": {"hasHeader": True, "columnMappings": columns},
            }
        ],
    }


def _column(type_id: str, name: str) -> Json:
    return {"columnObjectTypeId": type_id, "columnName": name, "propertyName": name}


def _digest(op: Op) -> str:
    """Which of a write's files an op is in."""
    return sha256("\n".join(sorted(op.properties)).encode()).hexdigest()[:12]
