"""Accounts with deals, and files of notes and tasks on them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from migrator.model import ObjectType
from migrator.runs.target import connected
from migrator.runs.undo import undoing
from migrator.runs.verification import verify_run
from tests.exports import OPTIONS, STAGES, TEMPLATE, Reader, rows_of
from tests.mending import Mender
from tests.support import deals

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from migrator.runs.undo.undoing import Undo
    from tests.support import Rehearsal

NOTES, TASKS = ObjectType.NOTES, ObjectType.TASKS
KINDS = {"hubspot": "CALL", "brevo": "Call", "activecampaign": "Call"}
TEXT = {NOTES: "body", TASKS: "title"}


def office(vendor: str, folder: Path, count: int = 20) -> Mender:
    """An account with so many deals, of contacts and companies of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    there = Mender(folder, vendor=vendor, options=OPTIONS[vendor])
    source = deals(
        count,
        stage=lambda n: STAGES[n % 4],
        contact=lambda n: f"p{n % 7}@example.com",
        company=lambda n: f"Firm {n % 5}",
    )
    report = there.load(there.template(TEMPLATE), there.source(source))
    assert report.rows["created"] == count
    there.clock.run(there.clock.sleep(60.0))
    return there


def owner(there: Rehearsal) -> str:
    """A user of the account."""
    return next(one.email for one in there.account().owners if one.active)


def table(count: int, **columns: Callable[[int], object]) -> str:
    """A file of rows ``1`` to ``count``, all columns as ``columns`` make them."""
    lines = [",".join(columns)]
    lines += [",".join(f'"{make(n)}"' for make in columns.values()) for n in range(1, count + 1)]
    return "\n".join(lines) + "\n"


def called(n: int) -> str:
    """The text of a note."""
    return f"Note {n}: called; will call again"


def notes(count: int = 60, **more: Callable[[int], object]) -> str:
    """Notes on a deal each, in columns as an export has them; every tenth is on two."""
    columns: dict[str, Callable[[int], object]] = {
        "key": lambda n: f"n{n}",
        "body": called,
        "created_at": lambda n: f"2026-0{1 + n % 9}-15T09:{n % 60:02}:00Z",
        "deals": lambda n: f"k{1 + n % 20}" + (f";k{1 + (n + 1) % 20}" if n % 10 == 0 else ""),
        **more,
    }
    return table(count, **columns)


def tasks(kind: str, user: str, count: int = 40, **more: Callable[[int], object]) -> str:
    """Tasks on a deal each."""
    columns: dict[str, Callable[[int], object]] = {
        "key": lambda n: f"t{n}",
        "title": lambda n: f"Task {n}",
        "body": lambda n: f"About deal {n}",
        "kind": lambda _: kind,
        "due_at": lambda n: f"2026-12-{1 + n % 28:02}T10:00:00Z",
        "done": lambda n: "true" if n % 2 else "false",
        "owner": lambda _: user,
        "deals": lambda n: f"k{1 + n % 20}",
        **more,
    }
    return table(count, **columns)


def exported(there: Rehearsal, type: ObjectType) -> list[dict[str, Any]]:
    """All that the account has of a type, as an export tells it."""
    there.clock.run(there.clock.sleep(60.0))
    target = there.folder / f"out-{type}.csv"
    Reader(there).export(target, type)
    return list(rows_of(target).values())


def said(there: Rehearsal, type: ObjectType) -> Counter[str]:
    """How often the account has each text."""
    return Counter(row[TEXT[type]] for row in exported(there, type))


def agrees(there: Rehearsal, run: str) -> bool:
    """Whether verify finds nothing to explain."""
    space = there.workspace()

    async def read() -> bool:
        async with connected(there.target, space) as session:
            return (await verify_run(space, space.journal.run(run), session)).agrees

    try:
        return there.clock.run(read())
    finally:
        space.close()


def undo(there: Rehearsal, run: str) -> Undo:
    """As ``migrator undo --yes`` does."""
    space = there.workspace()

    async def take_back() -> Undo:
        async with connected(there.target, space) as session:
            return await undoing.undo(space, space.journal.run(run), session)

    try:
        return there.clock.run(take_back())
    finally:
        space.close()
