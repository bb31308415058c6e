"""An export whose process is killed twice, of an account in which another user goes on working.

``make exports`` does it with a hundred thousand deals in each CRM, ``make test`` with fewer.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from migrator.journal import open_journal
from migrator.runs.exporting import exported_by
from migrator.sandbox import SandboxServer
from tests.process.base import ACTIVECAMPAIGN, BREVO, HUBSPOT, Crm, finish
from tests.process.export_meanwhile import Peak, Stranger, Watched
from tests.process.export_users import Sold, user_of

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from migrator.journal import Run
    from migrator.runs.exporting import Exported
    from tests.process.export_users import User

FULL = "EXPORT_DEALS" in os.environ
DEALS = int(os.environ.get("EXPORT_DEALS", "2000"))
PEOPLE = DEALS // 4
PACE = 20 if FULL else 3
"""Requests of an export for one act of the other user's."""

KILLS = 2
MOST_MEMORY = 400
"""MiB."""

SECONDS = 3_600
"""That a process may take."""


@dataclass(frozen=True)
class Lists:
    """What an export reads.

    Attributes:
        page: deals on a page.
        lists: lists as long as that of the deals.
        whole: deals that others create meanwhile come with all that they have. Where custom values
            are a list of their own, it was read before such a deal was there.
    """

    crm: Crm
    page: int = 100
    lists: int = 1
    whole: bool = True

    def __str__(self) -> str:
        return str(self.crm)

    @property
    def half(self) -> int:
        """Requests with which a process has surely not read more than half of the deals."""
        pages = DEALS // self.page
        return pages * self.lists - pages // 2


# A page of Brevo's has a thousand deals: two thousand would be read before anybody can act.
BREVO_PAGES = BREVO if FULL else replace(BREVO, options=(*BREVO.options, "page=100"))
READ = (
    Lists(HUBSPOT),
    Lists(BREVO_PAGES, page=1_000 if FULL else 100),
    Lists(ACTIVECAMPAIGN, lists=2),
)


@dataclass
class Exporting:
    """An export by one process after another; the most memory that each had, in MiB."""

    read: Lists
    folder: Path
    url: str
    watched: Watched
    rng: random.Random
    peaks: list[float] = field(default_factory=list)

    def killed(self) -> None:
        """Begin, and go on; each process dies before it can have read half of what there is."""
        while len(self.peaks) < KILLS:
            at, after = self.rng.randint(2, self.read.half), self.rng.random() < 0.5
            code, said = self._process(at, after=after)
            assert code == -signal.SIGKILL, said

    def to_the_end(self) -> Exported:
        """Go on; what was found."""
        code, said = self._process()
        assert code == 0, said
        return exported_by(self._runs()[-1])

    def _process(self, at: int = 0, *, after: bool = False) -> tuple[int, str]:
        process = self.read.crm.start(self.folder, self.url, *self._command())
        self.watched.aim(process, at, after=after)
        with Peak(process) as peak:
            ended = finish(process, SECONDS)
        self.peaks.append(peak.mebibytes)
        return ended

    def _command(self) -> list[str]:
        """What goes on; a run that died before it was one is started again."""
        if runs := self._runs():
            return ["resume", runs[-1].id]
        crm = self.read.crm
        options = [word for option in crm.options for word in ("--option", option)]
        return ["export", crm.vendor, "deals", "--to", "deals.parquet", *options]

    def _runs(self) -> list[Run]:
        with open_journal(self.folder / ".migrator" / "journal.db") as journal:
            return journal.runs()


def filled(user: User) -> dict[str, Sold]:
    """Deals of two stages and owners, of people with four deals each, by id."""
    user.furnish(f"p{n}@example.com" for n in range(PEOPLE))
    stages, owners = (list(one)[:2] for one in (user.account.stages, user.account.owners))
    deals = [
        Sold(
            f"Deal {n}", stages[n % 2], n, owners[n % 3 % 2], f"p{n % PEOPLE}@example.com", f"s{n}"
        )
        for n in range(DEALS)
    ]
    return dict(zip(user.create(deals), deals, strict=True))


@pytest.mark.parametrize("read", READ, ids=str)
def test_an_export_that_is_killed_twice(
    read: Lists, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who is there from beginning to end is in the file, once and as he is, whatever others do.

    Others create, change and delete deals until the last process has ended. Those that they had
    deleted before the account was read for the last time are not in the file; and it has as many as
    the account counts, unless they were quicker than any reading.
    """
    vendor = read.crm.vendor
    rng, others = (random.Random(f"{vendor} {DEALS} {who}") for who in ("kills", "others"))
    sandbox = read.crm.account()
    user = user_of(vendor, sandbox)
    deals = filled(user)
    asked = sandbox.requests.copy()
    watched = Watched(sandbox, PACE)
    begun = time.monotonic()
    with SandboxServer(watched) as server:
        exporting = Exporting(read, tmp_path, server.url, watched, rng)
        with Stranger(user, server.url, vendor, others, deals) as stranger:
            watched.stranger = stranger
            exporting.killed()
            found = exporting.to_the_end()
    if FULL:
        seconds = time.monotonic() - begun
        with capsys.disabled():
            tell(f"{vendor}: {found}", exporting, stranger, seconds, sandbox.requests - asked)
    rows = rows_by_id(tmp_path / "deals.parquet")
    assert_right(rows, stranger, whole=read.whole)
    assert not set(stranger.deleted[: watched.readings[-1]]) & rows.keys()
    assert found.rows == len(rows)
    assert found.counted is not None
    assert abs(found.rows - found.counted) <= found.moving
    assert min(len(stranger.created), len(stranger.changed), len(stranger.deleted)) > 0
    assert max(exporting.peaks) < MOST_MEMORY


def tell(
    found: str, exporting: Exporting, stranger: Stranger, seconds: float, requests: Counter[str]
) -> None:
    """What was measured, for those who ask for the full form."""
    peaks = ", ".join(f"{peak:.0f}" for peak in exporting.peaks)
    acts = [len(one) for one in (stranger.created, stranger.changed, stranger.deleted)]
    sys.stdout.write(
        f"\n{found}\n{seconds:.0f} s, {exporting.watched.asked:,} requests, peaks of {peaks} MiB; "
        f"others created, changed and deleted {acts}; the list was begun "
        f"{len(exporting.watched.readings)} times; {dict(requests)}\n"
    )


def rows_by_id(path: Path) -> dict[str, dict[str, Any]]:
    """The rows of the file by the CRM's id, each of which it has once."""
    rows = pl.read_parquet(path).rows(named=True)
    found = {row["record"].rpartition("/")[2]: row for row in rows}
    assert len(found) == len(rows)
    return found


def assert_right(rows: dict[str, dict[str, Any]], stranger: Stranger, *, whole: bool) -> None:
    """Complete, nobody else in it, and each deal as it was or as it was made."""
    known = stranger.deals | stranger.created
    assert stranger.deals.keys() - set(stranger.deleted) <= rows.keys() <= known.keys()
    for id_, row in rows.items():
        sold = known[id_]
        amounts = {sold.amount, *stranger.changed.get(id_, ())}
        assert row["amount"] in amounts
        expected = replace(sold, amount=int(row["amount"]))
        if id_ in stranger.created and not whole:
            assert said_of(row) in (expected, replace(expected, segment=None))
        else:
            assert said_of(row) == expected


def said_of(row: dict[str, Any]) -> Sold:
    """A row as people see the deal."""
    (segment,) = (name for name in row if name.startswith("custom.") and "segment" in name.lower())
    return Sold(
        name=row["name"],
        stage=row["stage"],
        amount=int(row["amount"]),
        owner=row["owner"],
        contact=row["contacts"],
        segment=row[segment],
    )
