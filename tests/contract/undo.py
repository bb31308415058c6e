"""The way back: what a run changed can be told, restored, parted and deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import Action, Link, Op, OpState, Shape
from tests.contract.base import (
    COMPANIES,
    CONTACTS,
    DEALS,
    ContractBase,
    creates,
    deal,
    exported,
    linked_too,
    named,
    outcomes_of,
    parents,
    prepared,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    import httpx

    from migrator.model import Account, ObjectType
    from migrator.vendors.base import Vendor
    from tests.contract.base import Opener
    from tests.virtual_time import VirtualClock

_LATER = 90.0
"""Seconds between two hands on a record: longer than any clock here is coarse."""


def update(op: Op, id: str, **properties: str) -> Op:
    """A change of the record that an op created."""
    return Op(op.seq, op.type, Action.UPDATE, op.key, id, properties)


def delete(type: ObjectType, ids: Mapping[str, str]) -> list[Op]:
    """Ops that delete these records."""
    return [Op(n, type, Action.DELETE, key, id_, {}) for n, (key, id_) in enumerate(ids.items(), 1)]


def whole(account: Account, ignored: Iterable[str]) -> dict[str, str]:
    """Canonical values of a deal, one of every kind that the vendor keeps."""
    owner = next(one for one in account.owners if one.active)
    values = {
        "amount": "1234.50",
        "close_date": "2026-03-31",
        "owner": owner.email,
        "description": "two\nlines; \u00e4",
        "custom.source_note": "a note",
        "custom.seats": "12",
        "custom.renewal_on": "2027-01-01",
        "custom.signed_at": "2026-01-01T08:00:00Z",
        "custom.is_partner": "true",
        "custom.tier": "silver",
    }
    return {name: value for name, value in values.items() if name not in set(ignored)}


async def changed_at(vendor: Vendor, type: ObjectType, key: str) -> datetime:
    """When a record was changed last, which ``find`` and ``export`` tell alike."""
    found = (await vendor.find(type, [key]))[key].updated_at
    (listed,) = [one.updated_at for one in await exported(vendor, type) if one.key == key]
    assert found is not None
    assert found == listed
    return found


class UndoContract(ContractBase):
    """Dates of change, blank values, values written back, links taken away, deletions."""

    def test_a_change_by_another_hand_shows(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """``updated_at`` of deals, contacts and companies is later after an edit, not a look."""

        async def main() -> None:
            account = await prepared(vendor)
            people = await parents(vendor, CONTACTS, "a@example.com")
            firms = await parents(vendor, COMPANIES, "acme gmbh")
            (op,) = creates(vendor, account, [deal("d", amount="1")])
            ids = await written(vendor, [op])
            note = named(vendor, account, "custom.source_note")
            edits = [
                update(op, ids["d"], **{named(vendor, account, "amount"): "2"}),
                update(op, ids["d"], **{note: "changed"}),
                Op(1, CONTACTS, Action.UPDATE, "a@example.com", people["a@example.com"], self.name),
                Op(
                    1,
                    COMPANIES,
                    Action.UPDATE,
                    "acme gmbh",
                    firms["acme gmbh"],
                    {"name": "ACME gmbh"},
                ),
            ]
            for edit in edits:
                clock.seconds += _LATER
                before = await changed_at(vendor, edit.type, edit.key)
                assert before < clock.now()
                clock.seconds += _LATER
                assert await changed_at(vendor, edit.type, edit.key) == before
                await written(open_vendor(), [edit])
                clock.seconds += _LATER
                assert before < await changed_at(vendor, edit.type, edit.key) < clock.now()

        clock.run(main())

    def test_a_blank_clears(self, clock: VirtualClock, vendor: Vendor) -> None:
        """An update with blank values leaves none of them, and all else alone, or says which not.

        So it is for few and for many, for one field and for all of them.
        """

        async def main() -> None:
            account = await prepared(vendor)
            values = whole(account, vendor.capabilities.ignored)
            for count in (1, 7):
                records = [deal(f"{count}-{i}", **values) for i in range(count)]
                ops = creates(vendor, account, records)
                ids = await written(vendor, ops)
                origin = vendor.encode(records[0], account).origin
                blank = {name: "" for name, of in origin.items() if of in values}
                note = named(vendor, account, "custom.source_note")
                for cleared in ({note: ""}, blank):
                    outcomes = await outcomes_of(
                        vendor, [update(op, ids[op.key], **cleared) for op in ops]
                    )
                    held = await vendor.find(DEALS, ids, ops[0].properties)
                    for op in ops:
                        outcome, there = outcomes[op.key], held[op.key].properties
                        assert outcome.state is OpState.WRITTEN
                        left = {name for name in cleared if there[name]}
                        assert bool(left) == bool(outcome.code), outcome
                        assert all(name in outcome.message for name in left)
                        assert left <= set(self.never_blank)
                        kept = op.properties.keys() - blank.keys()
                        assert all(there[name] == op.properties[name] for name in kept)

        clock.run(main())

    def test_some_are_cleared_and_some_are_changed(
        self, clock: VirtualClock, vendor: Vendor
    ) -> None:
        """Updates of one batch with and without blanks, of different fields, do what they say."""

        async def main() -> None:
            account = await prepared(vendor)
            note, seats = (
                named(vendor, account, field) for field in ("custom.source_note", "custom.seats")
            )
            given = {"custom.source_note": "old", "custom.seats": "3"}
            ops = creates(vendor, account, [deal(f"m-{i}", **given) for i in range(9)])
            ids = await written(vendor, ops)
            kinds: list[dict[str, str]] = [{note: ""}, {seats: "4"}, {note: "new", seats: ""}]
            updates = [update(op, ids[op.key], **kinds[n % 3]) for n, op in enumerate(ops)]
            await written(vendor, updates)
            held = await vendor.find(DEALS, ids, [note, seats])
            expected = [(None, "3"), ("old", "4"), ("new", None)]
            for n, op in enumerate(ops):
                there = held[op.key].properties
                for name, value in zip((note, seats), expected[n % 3], strict=True):
                    assert vendor.same(DEALS, name, value or "", there[name])

        clock.run(main())

    def test_what_was_found_can_be_written_back(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Each value that ``find`` gives is taken by an update, and found the same then."""

        async def main() -> None:
            account = await prepared(vendor)
            values = whole(account, vendor.capabilities.ignored)
            other = {"custom.tier": "gold", "custom.is_partner": "false", "custom.seats": "1"}
            for count in (1, 6):
                records = [deal(f"{count}-{i}", **values) for i in range(count)]
                ops = creates(vendor, account, records)
                ids = await written(vendor, ops)
                names = list(ops[0].properties)
                before = await vendor.find(DEALS, ids, names)
                changes = creates(
                    vendor, account, [deal(r.key, name="Other", **other) for r in records]
                )
                await written(vendor, [update(c, ids[c.key], **c.properties) for c in changes])
                back = [
                    update(
                        op,
                        ids[op.key],
                        **{n: v or "" for n, v in before[op.key].properties.items()},
                    )
                    for op in ops
                ]
                await written(vendor, back)
                after = await vendor.find(DEALS, ids, names)
                for op in ops:
                    assert after[op.key].properties == before[op.key].properties

        clock.run(main())

    def test_links_are_taken_away(self, clock: VirtualClock, vendor: Vendor) -> None:
        """``unlink`` parts a deal from what it was linked to, and from nothing else; twice too."""

        async def main() -> None:
            account = await prepared(vendor)
            people = await parents(vendor, CONTACTS, *(f"{n}@example.com" for n in "abc"))
            firms = await parents(vendor, COMPANIES, "acme")
            contacts = [Link(CONTACTS, name, id_) for name, id_ in people.items()]
            company = Link(COMPANIES, "acme", firms["acme"])
            ops = creates(vendor, account, [deal(f"u-{i}") for i in range(3)])
            ops = [replace(op, links=(*contacts, company)) for op in ops]
            ids = await linked_too(vendor, ops)
            parting = [
                replace(op, id=ids[op.key], action=Action.UPDATE, links=(*contacts[1:], company))
                for op in ops[:2]
            ]
            for _ in range(2):
                outcomes = await vendor.unlink(parting)
                assert [o.key for o in outcomes] == ["u-0", "u-1"]
                assert {o.state for o in outcomes} == {OpState.WRITTEN}, outcomes
            assert await vendor.unlink([]) == []
            linked = await vendor.linked(DEALS, ids.values(), CONTACTS)
            first, everyone = frozenset([contacts[0].id]), frozenset(people.values())
            assert [linked[ids[op.key]] for op in ops] == [first, first, everyone]
            linked = await vendor.linked(DEALS, ids.values(), COMPANIES)
            nobody: frozenset[str] = frozenset()
            expected = [nobody, nobody, frozenset(firms.values())]
            assert [linked[ids[op.key]] for op in ops] == expected

        clock.run(main())

    def test_a_link_of_what_is_gone_is_taken_away(
        self, clock: VirtualClock, vendor: Vendor
    ) -> None:
        """Parting from a deleted contact, or a deleted deal, is done; the others' links go too."""

        async def main() -> None:
            account = await prepared(vendor)
            people = await parents(vendor, CONTACTS, *(f"{n}@example.com" for n in "abc"))
            links = tuple(Link(CONTACTS, name, id_) for name, id_ in people.items())
            ops = [
                replace(op, links=links) for op in creates(vendor, account, [deal("g"), deal("h")])
            ]
            ids = await linked_too(vendor, ops)
            await written(vendor, delete(CONTACTS, {"b@example.com": people["b@example.com"]}))
            await written(vendor, delete(DEALS, {"h": ids["h"]}))
            parting = [
                replace(op, id=ids[op.key], action=Action.UPDATE, links=links[1:]) for op in ops
            ]
            outcomes = await vendor.unlink(parting)
            assert {o.state for o in outcomes} == {OpState.WRITTEN}, outcomes
            linked = await vendor.linked(DEALS, [ids["g"]], CONTACTS)
            assert linked == {ids["g"]: frozenset([people["a@example.com"]])}

        clock.run(main())

    def test_links_are_told_from_both_ends(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Deals of contacts and companies are those that name them, few or many asked for."""

        async def main() -> None:
            account = await prepared(vendor)
            people = await parents(vendor, CONTACTS, *(f"p{n}@example.com" for n in range(8)))
            firms = await parents(vendor, COMPANIES, *(f"firm {n}" for n in range(8)))
            ops = creates(vendor, account, [deal(f"b-{i}") for i in range(12)])
            contacts = [Link(CONTACTS, name, id_) for name, id_ in people.items()]
            companies = [Link(COMPANIES, name, id_) for name, id_ in firms.items()]
            ops = [
                replace(op, links=(contacts[n % 4], contacts[4 + n % 3], companies[n % 5]))
                for n, op in enumerate(ops)
            ]
            ids = await linked_too(vendor, ops)
            for links in (contacts, companies):
                type = links[0].type
                expected = {
                    str(link.id): frozenset(ids[op.key] for op in ops if link in op.links)
                    for link in links
                }
                assert await vendor.linked(type, list(expected), DEALS) == expected
                few = dict([*expected.items()][:2])
                assert await vendor.linked(type, list(few), DEALS) == few
                assert await vendor.linked(type, [], DEALS) == {}

        clock.run(main())

    def test_deleting(self, clock: VirtualClock, vendor: Vendor) -> None:
        """What is deleted is gone; doing it again, and what was gone before, costs nothing."""

        async def main() -> None:
            account = await prepared(vendor)
            people = await parents(vendor, CONTACTS, *(f"{n}@example.com" for n in "abc"))
            firms = await parents(vendor, COMPANIES, "acme", "bolt", "cord")
            deals = await written(vendor, creates(vendor, account, [deal(f"d-{n}") for n in "abc"]))
            for type, ids in ((CONTACTS, people), (COMPANIES, firms), (DEALS, deals)):
                first, *rest = ids
                everybody = {one.key for one in await exported(vendor, type)}
                await written(vendor, delete(type, {first: ids[first]}))
                outcomes = await outcomes_of(
                    vendor, delete(type, {n: ids[n] for n in (first, rest[0])})
                )
                assert {o.state for o in outcomes.values()} == {OpState.WRITTEN}
                left = {one.key for one in await exported(vendor, type)}
                assert everybody - left == {first, rest[0]}
                assert (await vendor.find(type, ids)).keys() == {rest[1]}

        clock.run(main())

    def test_deals_outlive_their_parents(self, clock: VirtualClock, vendor: Vendor) -> None:
        """A contact or company is deleted without its deals, or refused with a word on them."""

        async def main() -> None:
            account = await prepared(vendor)
            people = await parents(vendor, CONTACTS, "a@example.com", "b@example.com")
            firms = await parents(vendor, COMPANIES, "acme")
            links = tuple(Link(CONTACTS, name, id_) for name, id_ in people.items())
            links += (Link(COMPANIES, "acme", firms["acme"]),)
            ops = [replace(op, links=links) for op in creates(vendor, account, [deal("stays")])]
            ids = await linked_too(vendor, ops)
            for type, gone in ((CONTACTS, people), (COMPANIES, firms)):
                for outcome in (await outcomes_of(vendor, delete(type, gone))).values():
                    if outcome.state is not OpState.WRITTEN:
                        assert outcome.state is OpState.REFUSED
                        assert ids["stays"] in outcome.message
            assert [one.id for one in await exported(vendor, DEALS) if one.key == "stays"] == [
                ids["stays"]
            ]

        clock.run(main())

    def test_the_way_back_is_foretold(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """``requests`` foretells clearing, parting and deleting, and not much more."""
        sent: list[httpx.Request] = []

        async def main() -> None:
            account = await prepared(vendor)
            counting = open_vendor(sent.append)
            await counting.describe([DEALS])
            count = 30
            people = await parents(vendor, CONTACTS, *(f"p{n}@example.com" for n in range(count)))
            firms = await parents(vendor, COMPANIES, "acme")
            office = next(iter(people.items()))
            records = [deal(f"d-{i}", **{"custom.source_note": "x"}) for i in range(count)]
            ops = [
                replace(
                    op,
                    links=(
                        Link(CONTACTS, *office),
                        Link(CONTACTS, name, id_),
                        Link(COMPANIES, "acme", firms["acme"]),
                    )
                    if name != office[0]
                    else (Link(CONTACTS, *office), Link(COMPANIES, "acme", firms["acme"])),
                )
                for op, (name, id_) in zip(
                    creates(vendor, account, records), people.items(), strict=True
                )
            ]
            ids = await linked_too(vendor, ops)
            note = named(vendor, account, "custom.source_note")
            names = frozenset([note])
            fewer = [replace(op, id=ids[op.key], links=op.links[-2:]) for op in ops[1:]]
            both = (CONTACTS, COMPANIES)

            async def clearing() -> None:
                await written(counting, [update(op, ids[op.key], **{note: ""}) for op in ops])

            async def parting() -> None:
                outcomes = await counting.unlink(fewer)
                assert {outcome.state for outcome in outcomes} == {OpState.WRITTEN}

            async def deleting() -> None:
                await written(counting, delete(DEALS, ids))

            async def of_parents() -> None:
                await written(counting, delete(CONTACTS, people))

            for step, shape, number in (
                (clearing, Shape(DEALS, Action.UPDATE, names, clears=names), count),
                (parting, Shape(DEALS, Action.UNLINK, links=both), count - 1),
                (deleting, Shape(DEALS, Action.DELETE), count),
                (of_parents, Shape(CONTACTS, Action.DELETE), count),
            ):
                foretold = sum(vendor.requests({shape: number}).values())
                clock.seconds += 3_600  # the quota that the other client used is forgotten
                sent.clear()
                await step()
                assert len(sent) <= foretold <= len(sent) * 1.5 + 3, (step.__name__, len(sent))

        clock.run(main())
