"""Exports of each CRM: complete, each record once, whatever stops them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest

from migrator.errors import InputError, MigratorError, Stopped
from migrator.export import Spool
from migrator.model import ObjectType, Reference
from migrator.runs.exporting import ensure_load
from tests.exports import VENDORS, Reader, filled, rehearsal, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Rehearsal

COUNT = 230
_LISTS = re.compile(r".*(/objects/.*deals|/v3/crm/deals|/crm/deals|/api/3/deals)")


def lists_deals(request: httpx.Request) -> bool:
    """Whether a request asks for a page of deals."""
    return request.method == "GET" and bool(_LISTS.fullmatch(request.url.path))


class Dying(httpx.AsyncBaseTransport):
    """Cuts the line at one request, and from then on."""

    def __init__(self, inner: httpx.AsyncBaseTransport, at: int) -> None:
        self._inner = inner
        self.left = at

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Count down."""
        self.left -= 1
        if self.left < 0:
            raise httpx.ConnectError("the line is dead", request=request)
        return await self._inner.handle_async_request(request)


class Watching(Dying):
    """Notes which pages of deals are given, and dies at one of them."""

    def __init__(self, inner: httpx.AsyncBaseTransport, at: int, listed: list[str]) -> None:
        super().__init__(inner, at)
        self._listed = listed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Count pages only."""
        if not lists_deals(request):
            return await self._inner.handle_async_request(request)
        answer = await super().handle_async_request(request)
        self._listed.append(request.url.params.get("after", ""))
        return answer


@pytest.fixture(params=VENDORS)
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Rehearsal:
    """An account with deals."""
    return filled(request.param, tmp_path, COUNT)


def test_an_export_has_everything_by_name(there: Rehearsal, tmp_path: Path) -> None:
    """Each deal once, with labels beside ids, names of what it is linked to, and own fields."""
    target = tmp_path / "out.parquet"
    result = Reader(there).export(target)
    assert (result.rows, result.counted) in {(COUNT, COUNT), (COUNT, None)}
    rows = rows_of(target)
    assert set(rows) == {f"k{n}" for n in range(1, COUNT + 1)}
    account = there.account()
    row = rows["k6"]
    named = Reference.parse(row["record"])
    assert named is not None
    assert (named.vendor, named.account, named.type) == (account.vendor, account.id, "deals")
    assert (row["name"], row["pipeline"], row["stage"]) == ("Deal 6", "Renewals", "Won")
    assert (row["status"], str(row["amount"])) == ("won", "6.500000")
    assert (row["close_date"], row["contacts"]) == ("2026-07-15", "p6@example.com")
    assert (row["companies"], row["contact_ids"] is None) == ("Firm 1", False)
    (pipeline,) = (one for one in account.pipelines if one.label == "Renewals")
    assert row["pipeline_id"] == pipeline.id
    assert row["stage_id"] in {stage.id for stage in pipeline.stages if stage.label == "Won"}
    assert row["owner_id"] in {owner.id for owner in account.owners}
    (segment,) = (name for name in row if name.startswith("custom.") and "segment" in name.lower())
    assert (row[segment], rows["k1"][segment]) == ("Retail", None)


def test_formats_say_the_same(tmp_path: Path) -> None:
    """CSV, NDJSON and Parquet have the same rows and columns."""
    there = filled("hubspot", tmp_path, 30)
    found = {}
    for ending in ("csv", "ndjson", "parquet"):
        target = tmp_path / f"out.{ending}"
        Reader(there).export(target)
        found[ending] = target
    csv = pl.read_csv(found["csv"], infer_schema=False)
    ndjson = pl.read_ndjson(found["ndjson"], schema=csv.schema)
    parquet = pl.read_parquet(found["parquet"])
    assert csv.columns == ndjson.columns == parquet.columns
    assert csv.equals(ndjson)
    assert csv["amount"].cast(pl.Decimal(38, 6)).to_list() == parquet["amount"].to_list()
    assert csv["record"].to_list() == parquet["record"].to_list()


@pytest.mark.parametrize("vendor", VENDORS)
def test_wherever_an_export_dies_it_goes_on(vendor: str, tmp_path: Path) -> None:
    """Stopped at any request, an export goes on; the file is that of one that was never stopped."""
    there = filled(vendor, tmp_path, COUNT)
    whole = tmp_path / "whole.csv"
    sent: list[httpx.Request] = []

    def counting(inner: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        async def handle(request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return await inner.handle_async_request(request)

        return httpx.MockTransport(handle)

    there.wrap = counting
    Reader(there).export(whole)
    requests = len(sent)
    for at in range(0, requests, max(1, requests // 9)):
        target = tmp_path / f"stopped-{at}.csv"
        there.wrap = lambda inner, at=at: Dying(inner, at)  # type: ignore[misc]
        begun = runs_of(there)
        with pytest.raises(MigratorError):
            Reader(there).export(target)
        assert not target.exists()
        there.wrap = lambda inner: inner
        if runs_of(there) == begun:
            continue  # it had not begun: nobody knew yet which account it is
        Reader(there).go_on()
        assert rows_of(target) == rows_of(whole)


def runs_of(there: Rehearsal) -> int:
    """How many runs the journal knows."""
    space = there.workspace()
    try:
        return len(space.journal.runs())
    finally:
        space.close()


def test_a_page_is_never_read_twice(tmp_path: Path) -> None:
    """An export that dies behind three pages asks for the others only, when it goes on.

    The last one is looked at once more when all was counted, for what has come behind it.
    """
    there = filled("hubspot", tmp_path, 450)
    target = tmp_path / "out.csv"
    listed: list[str] = []
    there.wrap = lambda inner: Watching(inner, 3, listed)
    with pytest.raises(Stopped):
        Reader(there).export(target)
    first = len(listed)
    there.wrap = lambda inner: Watching(inner, 100, listed)
    Reader(there).go_on()
    assert (first, len(listed), len(set(listed))) == (3, 6, 5)
    assert listed[-1] == listed[-2]
    assert len(rows_of(target)) == 450


def test_others_come_and_go_meanwhile(there: Rehearsal, tmp_path: Path) -> None:
    """Deals that others create during an export are in it, those that they delete are not."""
    target = tmp_path / "out.csv"
    ids = {row["key"]: row["record"].rpartition("/")[2] for row in _once(there, tmp_path)}
    stranger = Stranger(there)
    there.wrap = lambda inner: Meddling(inner, there, stranger, ids)
    result = Reader(there).export(target)
    rows = rows_of(target)
    gone = stranger.deleted
    assert len(gone) == 3
    assert not gone & set(rows)
    assert {f"k{n}" for n in range(1, COUNT + 1)} - gone <= set(rows)
    if result.counted is not None:
        assert result.rows == result.counted
        assert sum(row["name"] == "Made meanwhile" for row in rows.values()) == 2


def _once(there: Rehearsal, folder: Path) -> list[dict[str, Any]]:
    Reader(there).export(folder / "before.csv")
    return list(rows_of(folder / "before.csv").values())


class Stranger:
    """Another user of the account."""

    def __init__(self, there: Rehearsal) -> None:
        self._client = there.stranger()
        self._vendor = there.vendor
        self._stage = self._stage_of(there)
        self.deleted: set[str] = set()

    @staticmethod
    def _stage_of(there: Rehearsal) -> tuple[str, str]:
        (pipeline,) = (one for one in there.account().pipelines if one.label == "Renewals")
        return pipeline.id, pipeline.stages[0].id

    def delete(self, key: str, id: str) -> None:
        """Delete a deal."""
        paths = {"hubspot": "/crm/v3/objects/deals/", "brevo": "/crm/deals/"}
        self._client.delete(paths.get(self._vendor, "/api/3/deals/") + id).raise_for_status()
        self.deleted.add(key)

    def create(self, name: str, like: str) -> None:
        """Create a deal, with the contact of another one where there must be one."""
        pipeline, stage = self._stage
        if self._vendor == "hubspot":
            properties = {"dealname": name, "pipeline": pipeline, "dealstage": stage}
            answer = self._client.post("/crm/v3/objects/deals", json={"properties": properties})
        elif self._vendor == "brevo":
            answer = self._client.post("/crm/deals", json={"name": name})
        else:
            deal = self._client.get(f"/api/3/deals/{like}").json()["deal"]
            body = {"title": name, "contact": deal["contact"], "value": 100, "currency": "usd"}
            place = {"group": pipeline, "stage": stage, "owner": deal["owner"]}
            answer = self._client.post("/api/3/deals", json={"deal": body | place})
        answer.raise_for_status()


class Meddling(httpx.AsyncBaseTransport):
    """Others delete and create deals while the pages of an export are read."""

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        there: Rehearsal,
        stranger: Stranger,
        ids: dict[str, str],
    ) -> None:
        self._inner = inner
        self._clock = there.clock
        self._stranger = stranger
        self._ids = ids
        self._pages = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Meddle behind the first page."""
        answer = await self._inner.handle_async_request(request)
        if lists_deals(request):
            self._pages += 1
            if self._pages == 1:
                for key in ("k1", "k2", "k229"):
                    await self._clock.sleep(2.0)  # the quota is the account's
                    self._stranger.delete(key, self._ids[key])
                for _ in range(2):
                    await self._clock.sleep(2.0)
                    self._stranger.create("Made meanwhile", self._ids["k5"])
        return answer


@pytest.mark.parametrize("vendor", VENDORS)
def test_increments(vendor: str, tmp_path: Path) -> None:
    """With an instant, what was changed since then is exported, and only that."""
    there = filled(vendor, tmp_path, 40)
    there.clock.run(there.clock.sleep(7_200))
    since = there.clock.now() - timedelta(hours=1)
    source = "id,title,stage,amount,contact\nk7,Changed,Due,1,p7@example.com\n"
    source += "k9,Changed,Due,2,p9@example.com\n"
    there.load(there.template(_without_company()), there.source(source))
    there.clock.run(there.clock.sleep(60))
    target = tmp_path / "out.csv"
    result = Reader(there).export(target, since=since)
    assert result.rows == 2
    assert {row["name"] for row in rows_of(target).values()} == {"Changed"}


def _without_company() -> str:
    from tests.exports import TEMPLATE  # noqa: PLC0415  # the one place that changes it

    return TEMPLATE.replace("name: exports", "name: other")


@pytest.mark.parametrize("vendor", VENDORS)
def test_contacts_and_companies(vendor: str, tmp_path: Path) -> None:
    """Contacts and companies are exported by the names by which deals name them."""
    there = filled(vendor, tmp_path, 40)
    for type, column, expected in (
        (ObjectType.CONTACTS, "email", {f"p{n}@example.com" for n in range(17)}),
        (ObjectType.COMPANIES, "name", {f"Firm {n}" for n in range(5)}),
    ):
        target = tmp_path / f"{type}.csv"
        Reader(there).export(target, type)
        frame = pl.read_csv(target, infer_schema=False)
        assert expected <= set(frame[column].to_list())
        assert frame["record"].n_unique() == frame.height


def test_an_empty_account(tmp_path: Path) -> None:
    """An account without deals gives a file without rows, that has its columns."""
    target = tmp_path / "out.parquet"
    assert Reader(rehearsal("hubspot", tmp_path)).export(target).rows == 0
    assert {"record", "key", "name", "contacts"} <= set(pl.read_parquet(target).columns)


def test_what_is_behind_the_journal_is_cut_off(tmp_path: Path) -> None:
    """A page of which the journal does not know is not in the spool any more."""
    path = tmp_path / "records.ndjson"
    with Spool(path) as spool:
        length = spool.add([{"id": "1"}, {"id": "2"}])
        spool.add([{"id": "3"}])
    path.write_bytes(path.read_bytes() + b'{"id": "4')
    with Spool(path, length) as spool:
        assert spool.ids() == {"1", "2"}
        spool.add([{"id": "5", "name": "\u00e9\u2028"}])
        assert [json.dumps(row["id"]) for row in spool.rows()] == ['"1"', '"2"', '"5"']
    with pytest.raises(InputError, match="shorter than the journal says"):
        Spool(path, 10_000)


def test_an_export_is_no_load(tmp_path: Path) -> None:
    """What verifies or undoes loads names an export as what it is; a complete one stays so."""
    there = rehearsal("hubspot", tmp_path)
    Reader(there).export(tmp_path / "out.csv")
    space = there.workspace()
    run = space.journal.run()
    space.close()
    with pytest.raises(InputError, match="is an export"):
        ensure_load(run)
    with pytest.raises(InputError, match="is complete"):
        Reader(there).go_on()
    with pytest.raises(InputError, match=r"none of \.parquet"):
        Reader(there).export(tmp_path / "out.xlsx")
