"""What must hold when all is done: between the source, the account and the run's own books."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.journal import open_journal
from migrator.model import KEY_EXISTS, ObjectType, OnMissing, OpState
from migrator.report import make_report
from migrator.runs.turned_down import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from migrator.journal import Finished, Journal
    from tests.simulation.crms.base import Seen
    from tests.simulation.rows import Row
    from tests.simulation.story import Story
    from tests.simulation.world import World

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES
_IN_ACCOUNT = {OpState.WRITTEN, OpState.UNCHANGED}
_NAMED = {OpState.REFUSED, OpState.PARKED}
SOMEBODYS = "Somebody's own"
_HIDDEN = "Hidden"


@dataclass
class Evidence:
    """The account and the books at the end, read once.

    Attributes:
        books: of every run, in their order: its deals by key.
        deals: of the account, by source key.
        keyless: deals of the account without one.
        root: where the journal is.
    """

    world: World
    stories: list[Story]
    journal: Journal
    books: dict[str, dict[str, Finished]] = field(default_factory=dict)
    deals: dict[str, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    keyless: list[Seen] = field(default_factory=list)
    root: Path = field(kw_only=True)

    def __post_init__(self) -> None:
        for run in self.journal.runs():
            ops = [one for one in self.journal.finished(run.id) if one.op.place is not None]
            self.books[run.id] = {one.op.key: one for one in ops}
        for seen in self.world.crm.seen():
            if seen.key:
                self.deals[seen.key].append(seen)
            else:
                self.keyless.append(seen)

    @property
    def last(self) -> dict[str, Finished]:
        """The books of the last run of the last load."""
        return self.books[self.stories[-1].runs[-1]]

    @property
    def rejected(self) -> set[str]:
        """Keys of rows that the check of the last run turned down, with a reason."""
        story = self.stories[-1]
        path = self.root / "runs" / story.runs[-1] / PROBLEMS
        problems = map(json.loads, path.read_text().splitlines()) if path.exists() else ()
        return {story.load.rows[one["_record"] - 1].key for one in problems if one["_error"]}

    def written(self) -> Iterator[Finished]:
        """Every deal that any run says it has written."""
        for book in self.books.values():
            yield from (one for one in book.values() if one.op.state is OpState.WRITTEN)


def complaints(world: World, stories: list[Story], journal_path: Path) -> list[str]:
    """All that does not hold; empty when the product kept its promises."""
    journal = open_journal(journal_path)
    try:
        found = Evidence(world, stories, journal, root=journal_path.parent)
        return [
            *_each_row_is_somewhere(found),
            *_nothing_twice(found),
            *_the_books_are_true(found),
            *_one_bad_row_costs_one_row(found),
            *_values_are_those_of_the_rows(found),
            *_parents_once(found),
            *_the_report_adds_up(found),
            *_quotas_were_kept(found),
        ]
    finally:
        journal.close()


def _each_row_is_somewhere(found: Evidence) -> Iterator[str]:
    """Every row of the last load is in the account, or the books say why it is not."""
    gone = found.world.crm.meddling.keys
    rejected = found.rejected
    for row in found.stories[-1].load.rows:
        book = found.last.get(row.key)
        if row.key in rejected:
            if book is not None:
                yield f"{row.key}: turned down by the check, and {book.op.state} by the books"
            if not found.world.crm.is_trapped(row):
                yield f"{row.key}: turned down by the check without a fault of its own"
        elif book is None:
            yield f"{row.key}: the books know nothing of it"
        elif book.op.state in _IN_ACCOUNT:
            if (
                not found.deals.get(row.key)
                and row.key not in gone
                and not _incomplete(book, found)
            ):
                yield f"{row.key}: {book.op.state} by the books, not in the account"
        elif book.op.state not in _NAMED:
            yield f"{row.key}: left {book.op.state} ({book.code})"
        elif not book.code or not book.message:
            yield f"{row.key}: {book.op.state} without a reason"


def _incomplete(book: Finished, found: Evidence) -> bool:
    """Written without its key, which the books say, and there under its id."""
    return bool(book.code) and any(seen.id == book.op.id for seen in found.keyless)


def _nothing_twice(found: Evidence) -> Iterator[str]:
    """A source key is in the account once; what has no key is somebody's, or named in the books."""
    ours = {row.key for story in found.stories for row in story.load.rows}
    for key, deals in found.deals.items():
        if len(deals) > 1:
            yield f"{key}: {len(deals)} deals ({', '.join(one.id for one in deals)})"
        if key not in ours:
            yield f"{key}: a key that no row has"
    told = {one.op.id for one in found.written()}
    for seen in found.keyless:
        name = seen.values["name"] or ""
        if not name.startswith((SOMEBODYS, _HIDDEN)) and seen.id not in told:
            yield f"deal {seen.id} ({name}) is ours, has no key and is not in the books"


def _the_books_are_true(found: Evidence) -> Iterator[str]:
    """What was written is there under that id; what was refused is not there; all else is known."""
    meddling = found.world.crm.meddling
    ids = {one.id: one.key for deals in found.deals.values() for one in deals}
    ids |= {one.id: None for one in found.keyless}
    written: set[str] = set()
    for one in found.written():
        written.add(one.op.key)
        if one.op.id not in ids:
            if one.op.id not in meddling.deleted:
                yield f"{one.op.key}: written as {one.op.id} by the books, which is not there"
        elif ids[str(one.op.id)] != one.op.key and not one.code:
            yield f"{one.op.key}: {one.op.id} by the books, whose key is {ids[str(one.op.id)]}"
    for run, book in found.books.items():
        for one in book.values():
            if one.op.state is OpState.SENT:
                yield f"{one.op.key}: nobody found out what became of it in run {run}"
    # What was turned down may land late after all, when another user takes what it conflicted with.
    excused = {row.key for row in found.stories[-1].load.rows if found.world.crm.is_trapped(row)}
    excused = excused if found.world.meddled else set()
    for key, deals in found.deals.items():
        if key not in written | excused:
            yield f"{key}: in the account as {deals[0].id}, written by no run's books"


_OF_THE_LINE = {"no_answer"}
"""Code of a refusal that is no fault of a row's: no answer ever came."""


def _one_bad_row_costs_one_row(found: Evidence) -> Iterator[str]:
    """Nothing is turned down but what the CRM does not take, and what waits for its parents."""
    world = found.world
    if world.meddled:
        return
    for run in found.stories[-1].runs:
        for key, finished in found.books[run].items():
            if finished.code == KEY_EXISTS:
                yield f"{key}: refused in run {run}, though what is there is what the row says"
    there = {
        CONTACTS: {name.casefold() for name in world.crm.people()},
        COMPANIES: {name.casefold() for name in world.crm.firms()},
    }
    for row in found.stories[-1].load.rows:
        book = found.last.get(row.key)
        if book is None or book.code in _OF_THE_LINE:
            continue
        parents = {CONTACTS: row.contacts, COMPANIES: row.companies}
        waits = any(
            world.on_missing[type] is not OnMissing.SKIP_LINK
            and not {name.casefold() for name in names} <= there[type]
            for type, names in parents.items()
        )
        if book.op.state is OpState.PARKED and not waits:
            yield f"{row.key}: parked though its parents are there ({book.message})"
        if book.op.state is OpState.REFUSED and not world.crm.is_trapped(row):
            yield f"{row.key}: refused without a fault of its own ({book.code}: {book.message})"


def _values_are_those_of_the_rows(found: Evidence) -> Iterator[str]:
    """A deal says what its row says, and is linked to what its row names."""
    world = found.world
    people = {name.casefold() for name in world.crm.people()}
    for row in found.stories[-1].load.rows:
        book = found.last.get(row.key)
        if book is None or book.op.state not in _IN_ACCOUNT or book.code:
            continue
        for seen in found.deals.get(row.key, ()):
            values = row.values(world.crm.trap)
            values.pop("pipeline")
            if seen.id in world.crm.meddling.edited:
                values.pop("name")
            for name, value in values.items():
                if value is not None and seen.values[name] != value:
                    yield f"{row.key}: {name} is {seen.values[name]!r} instead of {value!r}"
            expected = frozenset(row.contacts)
            if world.on_missing[CONTACTS] is OnMissing.SKIP_LINK:
                expected = frozenset(one for one in expected if one in people)
            yield from _lacks(row, "contacts", expected, seen.contacts - world.crm.by_default)
            yield from _lacks(row, "companies", frozenset(row.companies), seen.companies)


def _lacks(row: Row, what: str, expected: frozenset[str], held: frozenset[str]) -> Iterator[str]:
    if expected != held:
        yield f"{row.key}: {what} are {sorted(held)} instead of {sorted(expected)}"


def _parents_once(found: Evidence) -> Iterator[str]:
    """No contact and no company is there twice, nor was one made that nobody asked for."""
    crm = found.world.crm
    for what, names in (("contact", crm.people()), ("company", crm.firms())):
        for name, count in Counter(name.casefold() for name in names).items():
            if count > 1:
                yield f"{what} {name}: {count} times"


def _the_report_adds_up(found: Evidence) -> Iterator[str]:
    """Each row has one outcome, nothing is left, and the sums are those of the rows."""
    run = found.journal.run(found.stories[-1].runs[-1])
    report = make_report(found.journal, run)
    rows = found.stories[-1].load.rows
    if not report.adds_up or report.source_rows != len(rows):
        yield f"the report does not add up: {report.rows} of {report.source_rows}"
    if report.rows["left"]:
        yield f"the report has rows left: {report.rows}"
    total = sum(one.amount for one in report.sums if one.dimension == "stage")
    source = sum((row.amount or 0) for row in rows if row.key in found.last)
    if total != source:
        yield f"the sums of the report are {total} instead of {source}"


def _quotas_were_kept(found: Evidence) -> Iterator[str]:
    """In no window did the account get more requests of ours than its quota allows.

    However often the process died in it. A line of changing delay, a wrong clock and other users
    are no fault of ours.
    """
    world = found.world
    if not world.steady or world.meddled:
        return
    times: dict[str, list[float]] = defaultdict(list)
    for moment, bucket, _life in world.server.arrived:
        times[bucket].append(moment)
    for bucket, moments in times.items():
        for most, seconds in world.crm.windows[bucket]:
            worst = _worst(sorted(moments), seconds)
            if worst > most:
                yield f"{worst} requests ({bucket!r}) in {seconds} s, not {most}"


def _worst(moments: list[float], seconds: float) -> int:
    """Most moments within any window of so many seconds."""
    worst = start = 0
    for end, moment in enumerate(moments):
        while moments[start] <= moment - seconds:
            start += 1
        worst = max(worst, end - start + 1)
    return worst


def untouched(found: Iterable[Finished]) -> bool:
    """Whether nothing of a run was turned down or remarked on."""
    return not any(one.code or one.op.state in _NAMED for one in found)
