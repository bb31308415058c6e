"""Loads that nobody watches: guards before them, the rows that are missing, and whose memory it is.

What is remembered from run to run is in :mod:`migrator.journal.memory`.
"""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from migrator.errors import InputError
from migrator.journal import Feed, RunState
from migrator.model import KEY_FIELD, UNKEYED, ObjectType
from migrator.prepare import row_keys
from migrator.report import counted
from migrator.vendors.by_id import ById
from migrator.vendors.keyless import Keyless

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from migrator.journal import Journal, Run
    from migrator.model import Account
    from migrator.runs.inputs import Inputs
    from migrator.runs.limits import Limit
    from migrator.runs.target import Session

MISSING = "missing.csv"
"""File in a run's folder: what an earlier run loaded and the source has no more."""

_BEGUN = {RunState.PROVISIONING, RunState.RUNNING, RunState.SAMPLED, RunState.FINISHED}


@dataclass(frozen=True)
class Nightly:
    """What a user asks of a load that nobody watches.

    Attributes:
        changed_only: rows that are as an earlier run surely left them are not asked about.
        mirror: delete what the source has no more, if it is not more than this.
        min_rows: fewer rows than that are no good source.
        max_drop: so many rows fewer than the last time are no good source.
        keyless: the account has no key field and is to have none; of notes and tasks always so.
    """

    changed_only: bool = False
    mirror: Limit | None = None
    min_rows: int = 0
    max_drop: Limit | None = None
    keyless: bool = False

    def settings(self) -> dict[str, Any]:
        """What a resume has to know of it, as plain data."""
        return {
            "keyless": self.keyless,
            "changed_only": self.changed_only,
            "mirror": asdict(self.mirror) if self.mirror else None,
        }


def feed_of(run: Run) -> Feed:
    """Whose keys a run loads."""
    return Feed(run.vendor, run.account, run.template, ObjectType(run.settings["types"][0]))


# -- guards ----------------------------------------------------------------------------------------


def ensure_enough(asked: Nightly, rows: int) -> None:
    """Refuse a source that is too short to be whole.

    Raises:
        InputError: it has fewer rows than ``--guard-min-rows``.
    """
    if rows < asked.min_rows:
        raise InputError(
            f"The source has {counted(rows, 'row', 'rows')}, and --guard-min-rows expects "
            f"{asked.min_rows:,} at least. Nothing was written. See whether the export was cut "
            "short; if it is whole, run it with a smaller number."
        )


def ensure_no_drop(asked: Nightly, journal: Journal, feed: Feed, rows: int) -> None:
    """Refuse a source that is much shorter than the last one.

    Raises:
        InputError: it lacks more rows than ``--guard-max-drop`` allows.
    """
    last = _last_finished(journal, feed)
    if asked.max_drop is None or last is None:
        return
    before = last.settings["prepared"]["rows"]
    if not asked.max_drop.allows(before - rows, before):
        raise InputError(
            f"The source has {counted(rows, 'row', 'rows')}; the last finished run of "
            f"{feed.name} ({last.id}) had {before:,}. That is {before - rows:,} or "
            f"{1 - rows / before:.0%} fewer, more than --guard-max-drop {asked.max_drop} allows. "
            "Nothing was written. See whether the export was cut short; if it is whole, run it "
            "once without the guard."
        )


def _last_finished(journal: Journal, feed: Feed) -> Run | None:
    of_feed = [
        run
        for run in journal.runs()
        if (run.vendor, run.account, run.template) == (feed.vendor, feed.account, feed.name)
        and run.state is RunState.FINISHED
        and "retry_of" not in run.settings
        and "prepared" in run.settings
    ]
    return of_feed[-1] if of_feed else None


# -- rows that are missing -------------------------------------------------------------------------


class Missing:
    """What the memory has of a feed and a run's source has no more.

    Attributes:
        known: keys that the memory has.
        found: keys of them that are missing.
        file: the list of them, when there are any.
    """

    def __init__(self, journal: Journal, run: Run, inputs: Inputs, mirror: Limit | None) -> None:
        self._memory = journal.memory
        self._run = run
        self._inputs = inputs
        self._mirror = mirror
        self.known = 0
        self.found = 0
        self.file: Path | None = None

    @property
    def files(self) -> dict[str, str]:
        """The list, by its name among the files of a run."""
        return {"missing": str(self.file)} if self.file else {}

    def surplus(self) -> Iterator[tuple[str, str]]:
        """List what is missing; gives key and id of the records to delete, none without a mirror.

        To be read when all rows of the run are planned.

        Raises:
            InputError: more are missing than the mirror allows, or it is not sure that they are.
        """
        feed = feed_of(self._run)
        self.known = 0 if "retry_of" in self._run.settings else self._memory.count(feed)
        target = self._inputs.folder / MISSING
        target.unlink(missing_ok=True)
        if not self.known:
            return
        keys, illegible = _turned_down(self._inputs)
        with target.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["key", "id", "last_run"])
            for key, there in self._memory.missing(feed, self._run.id, keys):
                writer.writerow([key, there.id, there.run])
                self.found += 1
        if not self.found:
            target.unlink()
            return
        self.file = target
        if self._mirror:
            self._ensure_few(self._mirror, illegible)
            with target.open(encoding="utf-8", newline="") as stream:
                yield from ((row["key"], row["id"]) for row in csv.DictReader(stream))

    def _ensure_few(self, mirror: Limit, illegible: int) -> None:
        if illegible:
            rows = counted(illegible, "row was", "rows were")
            raise InputError(
                f"{rows} turned down whose key cannot be read, so that it is not sure which of the "
                f"{self.found:,} records listed in {self.file} are missing. Nothing was "
                "written. Mend those rows (see rejects.csv beside it), or run without --mirror."
            )
        if not mirror.allows(self.found, self.known):
            raise InputError(
                f"{self.found:,} of {self.known:,} records that were loaded before are missing in "
                f"the source, more than --mirror {mirror} allows to delete. Nothing was written. "
                f"They are listed in {self.file}; if they are to go, run with a higher limit."
            )


def _turned_down(inputs: Inputs) -> tuple[list[str], int]:
    """Keys of the rows that were turned down, and how many of those rows have none to rely on."""
    bad = inputs.rejections().select("_record").unique()
    rows = row_keys(inputs.template, inputs.source.scan(), inputs.source.columns)
    found = rows.join(bad, on="_record", how="semi").collect(engine="streaming")
    # The cells of a malformed row may stand in other columns than they seem to.
    malformed = inputs.source.problems.get_column("_record").unique()
    sure = found.filter(found["key"].is_not_null() & ~found["_record"].is_in(malformed.implode()))
    return found["key"].drop_nulls().to_list(), found.height - sure.height


# -- accounts without a key field ------------------------------------------------------------------


def without_key_field(session: Session, journal: Journal, feed: str) -> None:
    """From now on the session's account has no key field: the journal tells records' keys."""
    if isinstance(session.vendor, Keyless):
        return
    vendor = session.target.product.name

    def keys_of(account: str, type: ObjectType, ids: Collection[str]) -> Mapping[str, str]:
        return journal.memory.keys_of(Feed(vendor, account, feed, type), ids)

    session.vendor = Keyless(session.vendor, keys_of)
    session.forget()  # it has to see the account, to know whose records it names


def by_id(session: Session) -> None:
    """From now on the session's account calls records by their ids."""
    if not isinstance(session.vendor, ById):
        session.vendor = ById(session.vendor)


def as_planned(session: Session, journal: Journal, run: Run) -> None:
    """See the account as a run of the journal saw it: with the key field, or without."""
    if run.settings.get("keyless"):
        without_key_field(session, journal, run.template)
    if run.settings.get("by_id"):
        by_id(session)


def ensure_same_mode(journal: Journal, account: Account, feed: Feed, *, keyless: bool) -> None:
    """Refuse to load a feed half with the key field and half without: all would be there twice.

    Types that have no key field anywhere are always loaded without.

    Raises:
        InputError: its records are known by the other means.
    """
    if feed.type in UNKEYED:
        return
    begun = [
        run
        for run in journal.runs()
        if (run.vendor, run.account, run.template) == (feed.vendor, feed.account, feed.name)
        and run.state in _BEGUN
        and "undoes" not in run.settings
        and ObjectType(run.settings["types"][0]) is feed.type
    ]
    others = [run for run in begun if bool(run.settings.get("keyless")) != keyless]
    field = KEY_FIELD in account.fields.get(feed.type, {})
    if keyless and field and not begun:
        raise InputError(
            f"Account {account.id} has the key field {KEY_FIELD} of {feed.type}, so nothing speaks "
            "against using it: leave out --no-key-field."
        )
    if others:
        how = "with" if keyless else "without"
        way = "leave out" if keyless else "add"
        raise InputError(
            f"{feed.name} was loaded into account {feed.account} {how} the key field (run "
            f"{others[-1].id}); loading it the other way would write all of it again: {way} "
            "--no-key-field. To go over for good, undo the earlier runs first."
        )
