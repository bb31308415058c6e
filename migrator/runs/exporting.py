"""Export an account: page by page, so that a kill costs a page; counted against the account.

An export is a run in the journal, so that ``migrator resume`` goes on with it. Its records are put
down first, then what the records they are linked to are called, then the file is made.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.errors import InputError, Stopped
from migrator.export import LINKS, called, chosen, naming, row_of, surveyed, write_export
from migrator.journal import Run, RunState
from migrator.model import CUSTOM_PREFIX, ObjectType
from migrator.runs.bookmarks import Bookmarks
from migrator.runs.execution import same_account
from migrator.runs.settling import wait_for_lag
from migrator.runs.target import folder_lock
from migrator.runs.workspace import new_run_id
from migrator.vendors.base import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from migrator.export import Spool
    from migrator.model import Account, Held
    from migrator.runs.bookmarks import Stage
    from migrator.runs.target import Session
    from migrator.runs.workspace import Workspace
    from migrator.vendors.base import Vendor

EXPORT = "export"
"""The template of an export's run, and where its settings are."""

_RECORDS = "records"
_AT_ONCE = 1_000
_LOOKS = 3
"""Times an account is read again at most that changes faster than it can be read."""


@dataclass(frozen=True)
class Wanted:
    """What to export.

    Attributes:
        to: the file; its ending decides the format. A bare name is put into the run's folder when
            the export is to go ``onward``.
        since: only what was changed since then; None = everything.
        onward: where it is to go when it is complete, for :mod:`migrator.runs.moving`.
    """

    type: ObjectType
    to: Path
    since: datetime | None = None
    onward: Mapping[str, Any] | None = None


@dataclass
class Exported:
    """What an export has found.

    Attributes:
        rows: in the file.
        counted: what the account said it holds in the end; None = it does not say.
        hidden: records that the account counts and does not show.
        created: records that others made while the export ran; they are in the file.
        deleted: records that others deleted meanwhile; they are not in it.
        moving: records that came and went while the account was read for the last time, where it
            changes faster than it can be read: so many may ``rows`` and ``counted`` differ by.
        nameless: linked records that have no name, by type; the file has their ids.
        custom: columns of the account's own fields, those that anything is in.
    """

    run: str
    type: ObjectType
    to: str
    rows: int = 0
    counted: int | None = None
    hidden: int = 0
    created: int = 0
    deleted: int = 0
    moving: int = 0
    nameless: dict[str, int] = field(default_factory=dict)
    custom: list[str] = field(default_factory=list)

    @property
    def types(self) -> tuple[ObjectType, ...]:
        """The types of record that an export of this one looks at."""
        return (self.type, *LINKS[self.type])

    def data(self) -> dict[str, Any]:
        """The same as plain data."""
        return {**asdict(self), "type": self.type.value}


async def export(workspace: Workspace, session: Session, wanted: Wanted) -> Exported:
    """Export all records of a type.

    Raises:
        InputError: the file's ending is no format, or it cannot be written.
        Stopped: see :mod:`migrator.errors`; ``migrator resume`` goes on behind the last page.
    """
    if not wanted.onward:
        _ensure_writable(wanted.to)
    account = await session.account((wanted.type, *LINKS[wanted.type]))
    run = _new_run(workspace, session, account, wanted)
    workspace.journal.add_run(run)
    return await _Exporting(workspace, session, account, run).carry_out()


async def go_on(workspace: Workspace, run: Run, session: Session) -> Exported:
    """Go on with an export that was stopped.

    Raises:
        See :func:`export`.
    """
    if run.state is RunState.FINISHED:
        raise InputError(
            f"Export {run.id} is complete: {run.settings[EXPORT]['to']}. Start a new one to have "
            "the account as it is now."
        )
    type = ObjectType(run.settings["types"][0])
    account = await session.account((type, *LINKS[type]))
    same_account(run, account)
    return await _Exporting(workspace, session, account, run).carry_out()


def exported_by(run: Run) -> Exported:
    """What a complete export has found."""
    found = run.settings["exported"]
    return Exported(**{**found, "type": ObjectType(found["type"])})


def ensure_load(run: Run) -> None:
    """Refuse an export where a load is wanted.

    Raises:
        InputError: it is an export.
    """
    if EXPORT in run.settings:
        raise InputError(
            f"Run {run.id} is an export; it has written nothing to the account. Name a run that "
            "loads (`migrator status` lists them)."
        )


def _ensure_writable(to: Path) -> None:
    """Find out before hours of reading whether there will be a place for it."""
    if to.suffix.lower() not in {".parquet", ".csv", ".ndjson"}:
        raise InputError(
            f"{to}: the ending decides the format, and it is none of .parquet, .csv, .ndjson. Name "
            "the file so."
        )
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=to.parent):
            pass
    except OSError as error:
        raise InputError(
            f"{to} cannot be written: {error.strerror or error}. Nothing was read; name "
            "another path."
        ) from error


def _new_run(workspace: Workspace, session: Session, account: Account, wanted: Wanted) -> Run:
    now = workspace.clock.now()
    run_id = new_run_id(now, workspace.rng)
    to = workspace.folder(run_id) / wanted.to if wanted.onward else wanted.to
    return Run(
        id=run_id,
        created_at=now.astimezone(UTC).isoformat(),
        state=RunState.RUNNING,
        vendor=session.target.product.name,
        account=account.id,
        template=EXPORT,
        template_fingerprint="",
        source_fingerprint="",
        account_fingerprint=account.fingerprint(),
        settings={
            "types": [wanted.type.value],
            "vendor_options": dict(session.target.options),
            "files": {},
            EXPORT: {
                "to": str(to.absolute()),
                "onward": wanted.onward,
                "since": wanted.since.isoformat() if wanted.since else None,
                "stages": {},
            },
        },
    )


class _Exporting:
    """One export under way."""

    def __init__(self, workspace: Workspace, session: Session, account: Account, run: Run) -> None:
        self._workspace = workspace
        self._session = session
        self._account = account
        self._folder = workspace.folder(run.id)
        self._marks = Bookmarks(workspace.journal, run, EXPORT, self._folder)
        asked = run.settings[EXPORT]
        self._type = ObjectType(run.settings["types"][0])
        self._since = datetime.fromisoformat(asked["since"]) if asked["since"] else None
        self._to_create = bool(asked.get("onward"))
        self._result = Exported(run.id, self._type, asked["to"])

    @property
    def _vendor(self) -> Vendor:
        return self._session.vendor

    async def carry_out(self) -> Exported:
        """Read what is left, and make the file."""
        await wait_for_lag(self._workspace, self._session, self._account)
        with folder_lock(self._folder), self._marks.spool(_RECORDS) as records:
            deleted = await self._read_all(records)
            survey = surveyed(self._type, records, deleted)
            names = {type: await self._names(type, ids) for type, ids in survey.linked.items()}
            self._result.rows, columns = write_export(
                survey, records, names, Path(self._result.to), deleted
            )
            self._result.custom = [name for name in columns if name.startswith(CUSTOM_PREFIX)]
            self._marks.finish(
                {"files": {EXPORT: self._result.to}, "exported": self._result.data()}
            )
        return self._result

    # -- the records ---------------------------------------------------------------------------

    async def _read_all(self, records: Spool) -> set[str]:
        """Put all records down; the ids of those that were deleted meanwhile."""
        stage = self._marks.stage(_RECORDS)
        seen = records.ids()
        total = await self._vendor.count(self._type)
        self._workspace.progress.start("export", total)
        self._workspace.progress.advance(len(seen))
        if not stage.done:
            await self._read(records, stage, seen)
        deleted = set() if self._since else await self._reconciled(records, stage, seen)
        self._workspace.progress.finish()
        self._result.hidden = stage.hidden
        return deleted

    async def _read(self, records: Spool, stage: Stage, seen: set[str]) -> None:
        properties = self._vendor.exported(self._type, self._account)
        reading = Reading(seen, stage.place, self._since, labels=True)
        pages = self._vendor.pages(self._type, properties, reading)
        async for page in pages:
            rows = [self._row(held) for held in page.records if self._is_wanted(held)]
            stage.length = records.add(rows)
            stage.place = page.place
            stage.hidden += page.hidden
            self._marks.note()
            self._workspace.progress.advance(len(rows))
        stage.done = True
        self._marks.note()

    def _is_wanted(self, held: Held) -> bool:
        return self._since is None or held.updated_at is None or held.updated_at >= self._since

    def _row(self, held: Held) -> dict[str, Any]:
        return row_of(held, self._account, self._vendor)

    async def _reconciled(self, records: Spool, stage: Stage, begun: AbstractSet[str]) -> set[str]:
        """Explain what the account's own count says otherwise, by reading it again.

        Args:
            records: the pages.
            stage: how far their reading has come.
            begun: ids of all records that were read.

        Returns:
            Ids of those that are there no more.

        Raises:
            Stopped: it says something else each time, and by more than what was seen to come and go
                between the last two readings.
        """
        result = self._result
        have, gone = set(begun), set[str]()
        moving = 0
        for look in range(_LOOKS + 1):
            before, result.counted = result.counted, await self._vendor.count(self._type)
            if result.counted is None:
                return gone
            # What came after the last page could make up for what was deleted, in the count.
            moving += await self._read_behind(records, stage, have)
            there = have - gone
            apart = abs(result.counted - len(there) - stage.hidden)
            if before is not None:
                moving += abs(result.counted - before)
            # Where others keep coming and going, no reading ever agrees with a count after it.
            if not apart or (look == _LOOKS and apart <= moving):
                result.created, result.deleted = len(have - begun), len(gone)
                result.moving = moving if apart else 0
                return gone
            if look == _LOOKS:
                break
            self._workspace.say(
                f"The account says that it holds {result.counted:,} {self._type}; "
                f"{len(there) + stage.hidden:,} were read. Reading it again to see which "
                "were created and deleted meanwhile."
            )
            again = await self._read_again(records, stage, have)
            gone, moving = have - again, len(there ^ again)
        raise Stopped(
            f"The account says that it holds {result.counted:,} {self._type}, but "
            f"{len(have - gone) + stage.hidden:,} can be read, time and again. Somebody may be "
            "changing many at this moment; nothing is lost, resume later."
        )

    async def _read_behind(self, records: Spool, stage: Stage, have: set[str]) -> int:
        """Put down what was created since the last page was read; how many these are."""
        before = len(have)
        properties = self._vendor.exported(self._type, self._account)
        reading = Reading(set(have), stage.place, labels=True, behind=True)
        async for page in self._vendor.pages(self._type, properties, reading):
            stage.length = records.add(self._row(held) for held in page.records)
            stage.place = page.place
            stage.hidden += page.hidden
            have.update(held.id for held in page.records)
            self._marks.note()
        return len(have) - before

    async def _read_again(self, records: Spool, stage: Stage, have: set[str]) -> set[str]:
        """Ids of all that is there now; what is new is put down."""
        properties = self._vendor.exported(self._type, self._account)
        there: set[str] = set()
        hidden = 0
        reading = Reading(set(have), labels=True, met=there)
        async for page in self._vendor.pages(self._type, properties, reading):
            stage.length = records.add(self._row(held) for held in page.records)
            hidden += page.hidden
            have.update(held.id for held in page.records)
            self._marks.note()
        stage.hidden = hidden
        self._marks.note()
        return there

    # -- what linked records are called --------------------------------------------------------

    async def _names(self, type: ObjectType, linked: set[str]) -> dict[str, str]:
        """Names of the records of a type that the exported ones are linked to, by id."""
        stage = self._marks.stage(type)
        with self._marks.spool(type) as spool:
            if linked and not stage.done:
                await self._read_names(type, linked, spool, stage)
            names = chosen(spool)
        if nameless := len(linked - names.keys()):
            self._result.nameless[type.value] = nameless
        return names

    async def _read_names(
        self, type: ObjectType, linked: set[str], spool: Spool, stage: Stage
    ) -> None:
        properties = naming(self._vendor, type)
        seen = spool.ids()
        self._workspace.progress.start(f"names of {type}", len(linked))
        if await self._in_one_go(type, len(linked)):
            pages = self._vendor.pages(type, properties, Reading(seen, stage.place))
            async for page in pages:
                some = (held for held in page.records if held.id in linked)
                self._put_names(type, some, spool, page.place)
        else:
            left = sorted(linked - seen)
            for start in range(0, len(left), _AT_ONCE):
                found = await self._vendor.read(type, left[start : start + _AT_ONCE], properties)
                self._put_names(type, found.values(), spool, stage.place)
        stage.done = True
        self._marks.note()
        self._workspace.progress.finish()

    def _put_names(self, type: ObjectType, found: Iterable[Held], spool: Spool, place: str) -> None:
        rows = [
            {
                "id": held.id,
                "called": called(self._vendor, self._account, held, to_create=self._to_create),
            }
            for held in found
        ]
        stage = self._marks.stage(type)
        stage.length, stage.place = spool.add(rows), place
        self._marks.note()
        self._workspace.progress.advance(len(rows))

    async def _in_one_go(self, type: ObjectType, wanted: int) -> bool:
        """Whether reading all of a type takes fewer requests than asking for some by id."""
        if not self._vendor.capabilities.reads_all:
            return False
        count = await self._vendor.count(type)
        return count is None or wanted > count / 100
