"""The way out: pages that can be gone on with, records by id, and records in canonical fields."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from migrator.model import ID_FIELDS, Action, Held, Link
from migrator.vendors.base import Reading, records
from tests.contract.base import (
    COMPANIES,
    CONTACTS,
    DEALS,
    ContractBase,
    creates,
    deal,
    linked_too,
    named,
    parents,
    prepared,
    written,
)

if TYPE_CHECKING:
    from migrator.model import Record
    from migrator.vendors.base import Vendor
    from tests.contract.base import Opener
    from tests.virtual_time import VirtualClock

FULL = {
    "name": "Gr\u00f6\u00dfer & \u201ebesser\u201c",
    "amount": "1234.5",
    "close_date": "2026-03-31",
    "description": "One line.\nAnother; with commas, too.",
    "custom.source_note": "from the old CRM",
    "custom.seats": "12",
    "custom.renewal_on": "2027-01-31",
    "custom.signed_at": "2026-02-03T08:30:00Z",
    "custom.is_partner": "true",
    "custom.tier": "Gold",
}
"""A deal with a value of every kind, in canonical text."""


def full_deals() -> list[Record]:
    """Deals of all kinds of values and of each status."""
    return [
        deal("F-1", **FULL),
        deal("F-2", **FULL, stage="Won"),
        deal("F-3", stage="Lost", amount="7"),
        deal("F-4", amount="0", **{"custom.is_partner": "false", "custom.seats": "0.25"}),
    ]


def canonical(vendor: Vendor, record: Record) -> dict[str, str]:
    """The values of a deal that a vendor can hold, and its status, which follows from its stage."""
    status = {"Won": "won", "Lost": "lost"}.get(record.values["stage"], "open")
    return {
        name: value
        for name, value in {**record.values, "status": status}.items()
        if name not in vendor.capabilities.ignored
    }


class ExportingContract(ContractBase):
    """Pages, records by id, decoding."""

    def test_a_stopped_export_goes_on(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """Whichever page an export was stopped behind, another process reads the rest, once."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal(f"K-{i}") for i in range(260)])
            ids = await written(vendor, ops)
            had: list[str] = []
            place, stops = "", 0
            while True:
                reader = open_vendor()
                await reader.describe([DEALS])
                pages = reader.pages(DEALS, reading=Reading(set(had), place))
                page = await anext(pages, None)
                await pages.aclose()  # type: ignore[attr-defined]
                if page is None:
                    break
                stops += 1
                assert stops < 60
                had += [one.id for one in page.records]
                place = page.place
                if not page.records and len(had) == len(ids):
                    break
            assert len(had) == len(set(had))
            assert set(had) == set(ids.values())

        clock.run(main())

    def test_a_stopped_export_misses_nobody(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """Records that stay come once, though others come and go while the export is stopped."""

        async def main() -> None:
            account = await prepared(vendor)
            leave = creates(vendor, account, [deal(f"leave-{i}") for i in range(12)])
            stay = creates(vendor, account, [deal(f"stay-{i}") for i in range(240)])
            ids = await written(vendor, leave[:6])
            kept = await written(vendor, stay)
            ids |= await written(vendor, leave[6:])
            had: list[str] = []
            place = ""
            async for page in vendor.pages(DEALS):
                had += [one.id for one in page.records]
                place = page.place
                if had:
                    break
            stranger = open_vendor()
            gone = [replace(op, id=ids[op.key], action=Action.DELETE) for op in leave]
            await written(stranger, gone)
            await written(stranger, creates(vendor, account, [deal("new")]))
            reader = open_vendor()
            await reader.describe([DEALS])
            async for page in reader.pages(DEALS, reading=Reading(set(had), place)):
                had += [one.id for one in page.records]
            assert len(had) == len(set(had))
            assert set(kept.values()) <= set(had)

        clock.run(main())

    def test_a_reading_tells_whom_it_met(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Who has most of the records gets the others, and is told of all that are there."""

        async def main() -> None:
            account = await prepared(vendor)
            ids = await written(
                vendor, creates(vendor, account, [deal(f"K-{i}") for i in range(9)])
            )
            people = await parents(vendor, CONTACTS, "a@example.com", "b@example.com")
            firms = await parents(vendor, COMPANIES, "Acme & Sons", "globex.example")
            for type, known in ((DEALS, ids), (CONTACTS, people), (COMPANIES, firms)):
                there = set(known.values())
                lacked = min(there)
                met: set[str] = set()
                pages = vendor.pages(type, reading=Reading(there - {lacked}, met=met))
                given = {one.id async for one in records(pages)}
                assert given & there == {lacked}
                assert met >= there
                assert met == there | given

        clock.run(main())

    def test_what_came_behind_the_last_page(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """Deals that came after the last page was read are found behind it, and no others."""

        async def main() -> None:
            account = await prepared(vendor)
            await written(vendor, creates(vendor, account, [deal(f"K-{i}") for i in range(130)]))
            seen: set[str] = set()
            place = ""
            async for page in vendor.pages(DEALS, reading=Reading(seen)):
                place = page.place
            stranger = open_vendor()
            await stranger.describe([DEALS])
            new = await written(stranger, creates(stranger, account, [deal("a"), deal("b")]))
            await clock.sleep(60)
            come = set(new.values()) if self.in_order else set()
            for expected in (come, set[str]()):
                pages = vendor.pages(DEALS, reading=Reading(seen, place, behind=True))
                assert {one.id async for one in records(pages)} == expected
            async for page in vendor.pages(DEALS, reading=Reading(set(seen), behind=True)):
                assert not page.records

        clock.run(main())

    def test_since(self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener) -> None:
        """An export of what was changed since an instant has all that was, each with its date."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal(f"K-{i}") for i in range(120)])
            ids = await written(vendor, ops)
            await clock.sleep(7_200)
            since = clock.now() - timedelta(hours=1)
            name = named(vendor, account, "description")
            changed = [
                replace(op, action=Action.UPDATE, id=ids[op.key], properties={name: "changed"})
                for op in creates(vendor, account, [deal(f"K-{i}") for i in (3, 77)])
            ]
            await written(vendor, changed)
            await clock.sleep(60)
            reader = open_vendor()
            await reader.describe([DEALS])
            found: dict[str, Held] = {}
            async for page in reader.pages(DEALS, [name], Reading(since=since)):
                found |= {one.id: one for one in page.records}
            for op in changed:
                one = found[str(op.id)]
                assert one.properties[name] == "changed"
                assert one.updated_at is not None
                assert one.updated_at >= since

        clock.run(main())

    def test_records_by_id(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Those that are there come with their properties and key; those that are gone do not."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal(f"K-{i}", amount=str(i)) for i in range(130)])
            ids = await written(vendor, ops)
            gone = replace(ops[7], id=ids["K-7"], action=Action.DELETE)
            await written(vendor, [gone])
            name = named(vendor, account, "amount")
            for keys in (["K-3"], ["K-3", "K-7", "K-129"], list(ids)):
                found = await vendor.read(DEALS, [ids[key] for key in keys], [name])
                left = [key for key in keys if key != "K-7"]
                assert set(found) == {ids[key] for key in left}
                for key in left:
                    one = found[ids[key]]
                    assert (one.id, one.key) == (ids[key], key)
                    assert vendor.same(DEALS, name, key[2:], one.properties[name])
            assert await vendor.read(DEALS, []) == {}

        clock.run(main())

    def test_what_was_encoded_decodes(self, clock: VirtualClock, vendor: Vendor) -> None:
        """A record's properties as they are sent say the record's own values again."""

        async def main() -> None:
            account = await prepared(vendor)
            for record in full_deals():
                sent = vendor.encode(record, account)
                assert sent.problems == ()
                back = vendor.decode(Held(DEALS, "1", record.key, sent.properties), account)
                labels = {name: back[name] for name in back if name not in ID_FIELDS}
                assert labels == canonical(vendor, record)
                assert back["pipeline_id"] != back["pipeline"]

        clock.run(main())

    def test_an_export_says_what_was_loaded(self, clock: VirtualClock, vendor: Vendor) -> None:
        """What is read with the properties for an export decodes to what the deal was given."""

        async def main() -> None:
            account = await prepared(vendor)
            loaded = full_deals()
            people = await parents(vendor, CONTACTS, "a@example.com")
            links = tuple(Link(CONTACTS, name, id_) for name, id_ in people.items())
            ops = [replace(op, links=links) for op in creates(vendor, account, loaded)]
            ids = await linked_too(vendor, ops)
            names = vendor.exported(DEALS, account)
            found: dict[str, Held] = {}
            async for page in vendor.pages(DEALS, names):
                found |= {one.id: one for one in page.records}
            for record in loaded:
                held = found[ids[record.key]]
                assert held.key == record.key
                assert held.links[CONTACTS] == (people["a@example.com"],)
                values = vendor.decode(held, account)
                for name, value in canonical(vendor, record).items():
                    assert values[name] == value
                given = {"created_at", "currency", "owner", "probability", *ID_FIELDS}
                assert values.keys() <= given | canonical(vendor, record).keys()

        clock.run(main())

    def test_people_and_companies(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Contacts and companies are exported by the names by which deals are linked to them."""

        async def main() -> None:
            account = await prepared(vendor)
            people = await parents(vendor, CONTACTS, "a@example.com", "b@example.com")
            firms = await parents(vendor, COMPANIES, "Acme & Sons", "globex.example")
            for type, ids, fields in (
                (CONTACTS, people, ("email",)),
                (COMPANIES, firms, ("domain", "name")),
            ):
                names = vendor.exported(type, account)
                found: dict[str, dict[str, str]] = {}
                async for page in vendor.pages(type, names):
                    found |= {one.id: vendor.decode(one, account) for one in page.records}
                for name, id_ in ids.items():
                    assert name in [found[id_].get(field) for field in fields]
                read = await vendor.read(type, ids.values(), names)
                for id_, one in read.items():
                    assert vendor.decode(one, account) == found[id_]
                assert set(read) == set(ids.values())

        clock.run(main())

    def test_count(self, clock: VirtualClock, vendor: Vendor) -> None:
        """The account says how many records it has, if it says so at all, once its lag is over."""

        async def main() -> None:
            account = await prepared(vendor)
            before = await vendor.count(DEALS)
            await written(vendor, creates(vendor, account, [deal(f"K-{i}") for i in range(7)]))
            await clock.sleep(60)
            after = await vendor.count(DEALS)
            # Records that cannot be seen may be counted too.
            assert (before, after) == (None, None) or (after or 0) - (before or 0) == 7

        clock.run(main())
