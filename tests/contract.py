"""What every vendor must do: one suite, run for each against its sandbox.

A vendor's test module derives a class from :class:`VendorContract` and gives it ``open_vendor``
and ``refused``; see ``test_hubspot.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Protocol

import pytest

from migrator.errors import OutcomeUnknown, Unavailable
from migrator.model import (
    Action,
    DealStatus,
    Link,
    NewField,
    NewPipeline,
    NewStage,
    ObjectType,
    Op,
    OpState,
    Place,
    Provision,
    Record,
)
from migrator.wire import Fault, FaultKind
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import httpx

    from migrator.model import Account, Held, Outcome
    from migrator.vendors.base import Vendor

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES
TYPES = (DEALS, CONTACTS, COMPANIES)

NEEDED = Provision(
    keys=TYPES,
    fields={
        DEALS: (
            NewField("source_note", "Source note"),
            NewField("seats", "Seats", "number"),
            NewField("renewal_on", "Renewal on", "date"),
            NewField("signed_at", "Signed at", "datetime"),
            NewField("is_partner", "Is partner", "bool"),
            NewField("tier", "Tier", "choice", ("Gold", "Silver")),
        )
    },
    pipelines=(
        NewPipeline(
            "Renewals",
            (
                NewStage("Due"),
                NewStage("Won", status=DealStatus.WON),
                NewStage("Lost", status=DealStatus.LOST),
            ),
        ),
    ),
)


class Opener(Protocol):
    """Makes a vendor for the sandbox, with faults on the way."""

    def __call__(self, faults: Callable[[httpx.Request], Fault | None] | None = None) -> Vendor:
        """A new client each time, the same account."""
        ...


def deal(key: str, **values: str) -> Record:
    """A deal of the pipeline of :data:`NEEDED`."""
    given = {"name": f"Deal {key}", "pipeline": "Renewals", "stage": "Due", **values}
    return Record(DEALS, key, given, {}, Place("deals.csv", 1, 2))


async def prepared(vendor: Vendor) -> Account:
    """The account with everything of :data:`NEEDED` in it."""
    account = await vendor.describe(TYPES)
    await vendor.provision(vendor.lacking(account, NEEDED))
    return await vendor.describe(TYPES)


def creates(vendor: Vendor, account: Account, records: Iterable[Record]) -> list[Op]:
    """Ops that create these records, which must be free of problems."""
    ops = []
    for seq, record in enumerate(records, 1):
        encoded = vendor.encode(record, account)
        assert encoded.problems == ()
        properties = encoded.properties
        ops.append(Op(seq, record.type, Action.CREATE, record.key, None, properties))
    return ops


async def written(vendor: Vendor, ops: list[Op]) -> dict[str, str]:
    """Ids by key after writing ops of one action, none of which may be refused."""
    ids: dict[str, str] = {}
    type, action = ops[0].type, ops[0].action
    size = vendor.capabilities.batch[type, action]
    for start in range(0, len(ops), size):
        batch = ops[start : start + size]
        for outcome in await vendor.write(type, action, batch):
            assert outcome.state is OpState.WRITTEN, outcome
            assert outcome.id
            ids[outcome.key] = outcome.id
    return ids


async def parents(vendor: Vendor, type: ObjectType, *names: str) -> dict[str, str]:
    """Ids of contacts or companies that were created by name."""
    ops = [
        Op(seq, type, Action.CREATE, name.casefold(), None, vendor.parent(type, name))
        for seq, name in enumerate(names, 1)
    ]
    ids = await written(vendor, ops)
    return {name: ids[name.casefold()] for name in names}


async def exported(vendor: Vendor, type: ObjectType, *properties: str) -> list[Held]:
    """All records of a type."""
    return [held async for held in vendor.export(type, properties)]


def by_key(outcomes: list[Outcome]) -> dict[str, Outcome]:
    """Outcomes by key, each key once."""
    found = {outcome.key: outcome for outcome in outcomes}
    assert len(found) == len(outcomes)
    return found


def every_write(kind: FaultKind, mark: str) -> Callable[[httpx.Request], Fault | None]:
    """Faults on requests whose path has ``mark`` in it."""
    return lambda request: Fault(kind) if mark in request.url.path else None


class VendorContract:
    """The properties; a test's docstring is one of them."""

    refused: ClassVar[Mapping[str, str]]
    """Properties that make the vendor turn a deal down."""
    create_path: ClassVar[str]
    """What the path of a request that creates deals has in it."""

    @pytest.fixture
    def clock(self) -> VirtualClock:
        """Time for this test."""
        return VirtualClock()

    @pytest.fixture
    def open_vendor(self, clock: VirtualClock) -> Opener:
        """Connects to an empty account, new for every test."""
        raise NotImplementedError

    @pytest.fixture
    def vendor(self, open_vendor: Opener) -> Vendor:
        """The account without faults."""
        return open_vendor()

    # -- the account ---------------------------------------------------------------------------

    def test_an_empty_account(self, clock: VirtualClock, vendor: Vendor) -> None:
        """An account without records is described, exports nothing and finds nothing."""

        async def main() -> None:
            account = await vendor.describe(TYPES)
            assert account.vendor == vendor.name
            assert account.id
            assert account.owners
            assert any(p.stages for p in account.pipelines)
            assert set(account.fields) == set(TYPES)
            for type in TYPES:
                assert await exported(vendor, type) == []
                assert await vendor.find(type, ["k@example.com"]) == {}
                assert await vendor.find(type, []) == {}

        clock.run(main())

    def test_describing_twice(self, clock: VirtualClock, vendor: Vendor) -> None:
        """An account nobody touched keeps its fingerprint; provisioning changes it."""

        async def main() -> None:
            first = await vendor.describe(TYPES)
            again = await vendor.describe(TYPES)
            assert first.fingerprint() == again.fingerprint()
            assert (await prepared(vendor)).fingerprint() != first.fingerprint()

        clock.run(main())

    def test_provisioning_is_repeatable(self, clock: VirtualClock, vendor: Vendor) -> None:
        """After provisioning nothing lacks, doing it again changes nothing."""

        async def main() -> None:
            before = await vendor.describe(TYPES)
            missing = vendor.lacking(before, NEEDED)
            assert missing
            await vendor.provision(missing)
            after = await vendor.describe(TYPES)
            assert not vendor.lacking(after, NEEDED)
            await vendor.provision(missing)
            assert (await vendor.describe(TYPES)).fingerprint() == after.fingerprint()

        clock.run(main())

    def test_a_dry_run_sees_what_would_be_there(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Rows pass the provisional account that pass the provisioned one; nothing is created."""

        async def main() -> None:
            before = await vendor.describe(TYPES)
            provisional = vendor.provisional(before, vendor.lacking(before, NEEDED))
            assert not vendor.lacking(provisional, NEEDED)
            record = deal("1", status="won", **{"custom.tier": "gold", "custom.seats": "12"})
            assert vendor.encode(record, provisional).problems == ()
            assert (await vendor.describe(TYPES)).fingerprint() == before.fingerprint()
            real = vendor.encode(record, await prepared(vendor))
            assert real.properties.keys() == vendor.encode(record, provisional).properties.keys()

        clock.run(main())

    def test_options_are_only_ever_extended(self, clock: VirtualClock, vendor: Vendor) -> None:
        """A field that lacks an option gets it and keeps those it has."""

        async def main() -> None:
            account = await prepared(vendor)
            options = dict(account.fields[DEALS]["tier"].options)
            more = Provision(fields={DEALS: (NewField("tier", "Tier", "choice", ("Bronze",)),)})
            missing = vendor.lacking(account, more)
            assert missing.fields
            await vendor.provision(missing)
            after = (await vendor.describe(TYPES)).fields[DEALS]["tier"].options
            assert options.items() < after.items()
            assert set(after.values()) - set(options.values()) == {"Bronze"}

        clock.run(main())

    def test_a_pipeline_is_completed(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Of a pipeline that is there only the missing stages are created, after the others."""

        async def main() -> None:
            await prepared(vendor)
            more = Provision(
                pipelines=(NewPipeline("renewals", (NewStage("due"), NewStage("Talks"))),)
            )
            account = await vendor.describe(TYPES)
            missing = vendor.lacking(account, more)
            foreseen = vendor.provisional(account, missing)
            assert not vendor.lacking(foreseen, more)
            assert len(foreseen.pipelines) == len(account.pipelines)
            await vendor.provision(missing)
            account = await vendor.describe(TYPES)
            (pipeline,) = (p for p in account.pipelines if p.label == "Renewals")
            assert [s.label for s in pipeline.stages] == ["Due", "Won", "Lost", "Talks"]
            assert [str(s.status) for s in pipeline.stages] == ["open", "won", "lost", "open"]

        clock.run(main())

    # -- writing -------------------------------------------------------------------------------

    def test_every_create_has_one_outcome_and_is_found(
        self, clock: VirtualClock, vendor: Vendor
    ) -> None:
        """A full batch is written; each record is found by its key, with what was sent."""

        async def main() -> None:
            account = await prepared(vendor)
            size = vendor.capabilities.batch[DEALS, Action.CREATE]
            values = {"amount": "1234.50", "close_date": "2026-03-31", "description": "x"}
            ops = creates(vendor, account, [deal(f"K-{i}", **values) for i in range(size)])
            outcomes = by_key(await vendor.write(DEALS, Action.CREATE, ops))
            assert outcomes.keys() == {op.key for op in ops}
            assert {o.state for o in outcomes.values()} == {OpState.WRITTEN}
            assert len({o.id for o in outcomes.values()}) == size
            names = ops[0].properties
            found = await vendor.find(DEALS, [*outcomes, "K-none"], names)
            assert found.keys() == outcomes.keys()
            for op in ops:
                held = found[op.key]
                assert held.id == outcomes[op.key].id
                assert held.key == op.key
                for name, value in op.properties.items():
                    assert vendor.same(DEALS, name, value, held.properties[name])

        clock.run(main())

    def test_one_bad_row_costs_one_row(self, clock: VirtualClock, vendor: Vendor) -> None:
        """The vendor's refusal is named with its reason; all others of the batch are written."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal(f"K-{i}") for i in range(9)])
            for bad in (3, 7):
                ops[bad] = replace(ops[bad], properties={**ops[bad].properties, **self.refused})
            outcomes = by_key(await vendor.write(DEALS, Action.CREATE, ops))
            assert outcomes.keys() == {op.key for op in ops}
            refused = {key for key, o in outcomes.items() if o.state is OpState.REFUSED}
            assert refused == {"K-3", "K-7"}
            assert outcomes["K-3"].code
            assert outcomes["K-3"].message
            held = await exported(vendor, DEALS)
            assert {h.key for h in held} == outcomes.keys() - refused
            assert {h.id for h in held} == {o.id for o in outcomes.values() if o.id}

        clock.run(main())

    def test_texts_survive(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Any Unicode and 65,000 characters are held as they were sent."""

        async def main() -> None:
            account = await prepared(vendor)
            texts = [
                "Zo\u00eb \u2013 \u6771\u4eac \U0001f680; \"q\", \\ 'a' <b>&",
                "\u00e4" * 65_000,
                "a\nb\tc",
            ]
            records = [deal(f"K\u00e9 {i}", description=text) for i, text in enumerate(texts)]
            ops = creates(vendor, account, records)
            (name,) = (
                name
                for name, field in vendor.encode(records[0], account).origin.items()
                if field == "description"
            )
            await written(vendor, ops)
            found = await vendor.find(DEALS, [r.key for r in records], [name])
            assert [found[r.key].properties[name] for r in records] == texts

        clock.run(main())

    def test_every_kind_of_field_comes_back_the_same(
        self, clock: VirtualClock, vendor: Vendor
    ) -> None:
        """What is encoded says the same as what is held then: planning again finds nothing."""

        async def main() -> None:
            account = await prepared(vendor)
            owner = next(o for o in account.owners if o.active)
            record = deal(
                "all",
                amount="10.00",
                close_date="2026-03-31",
                created_at="2019-02-28T23:59:59Z",
                owner=owner.email.upper(),
                description="line\r\nbreak",
                **{
                    "custom.source_note": "1,000",
                    "custom.seats": "007",
                    "custom.renewal_on": "2027-01-01",
                    "custom.signed_at": "2026-01-01T08:00:00.250Z",
                    "custom.is_partner": "true",
                    "custom.tier": "silver",
                },
            )
            if account.currency:
                record = replace(record, values={**record.values, "currency": account.currency})
            ops = creates(vendor, account, [record])
            await written(vendor, ops)
            properties = ops[0].properties
            held = (await vendor.find(DEALS, ["all"], properties))["all"].properties
            differing = [
                name
                for name, value in properties.items()
                if not vendor.same(DEALS, name, value, held[name])
            ]
            assert differing == []

        clock.run(main())

    def test_a_key_that_exists_is_told_apart(self, clock: VirtualClock, vendor: Vendor) -> None:
        """A create whose key is taken is refused with code ``key_exists``; nothing doubles."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal("a"), deal("b")])
            ids = await written(vendor, ops[:1])
            outcomes = by_key(await vendor.write(DEALS, Action.CREATE, ops))
            assert (outcomes["a"].state, outcomes["a"].code) == (OpState.REFUSED, "key_exists")
            assert outcomes["b"].state is OpState.WRITTEN
            held = await exported(vendor, DEALS)
            assert sorted(h.key or "" for h in held) == ["a", "b"]
            assert ids["a"] in {h.id for h in held}

        clock.run(main())

    def test_updates_and_deletes(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Updates change what they name and nothing else; doing either twice is harmless."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal(f"K-{i}", amount="1") for i in range(5)])
            ids = await written(vendor, ops)
            (amount,) = (
                name
                for name, field in vendor.encode(deal("x", amount="1"), account).origin.items()
                if field == "amount"
            )
            updates = [
                Op(op.seq, DEALS, Action.UPDATE, op.key, ids[op.key], {amount: "99"})
                for op in ops[:3]
            ]
            for _ in range(2):
                assert await written(vendor, updates) == {op.key: ids[op.key] for op in ops[:3]}
            found = await vendor.find(DEALS, ids, ops[0].properties)
            amounts = [found[op.key].properties[amount] for op in ops]
            expected = ["99", "99", "99", "1", "1"]
            for given, held in zip(expected, amounts, strict=True):
                assert vendor.same(DEALS, amount, given, held)
            for op in ops:
                others = op.properties.keys() - {amount}
                assert all(found[op.key].properties[n] == op.properties[n] for n in others)
            deletes = [replace(op, action=Action.DELETE) for op in updates]
            for _ in range(2):
                await written(vendor, deletes)
            assert {h.key for h in await exported(vendor, DEALS)} == {"K-3", "K-4"}
            assert (await vendor.find(DEALS, ids)).keys() == {"K-3", "K-4"}

        clock.run(main())

    def test_a_bad_update_costs_one_row(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Of a batch of updates only the bad one and that of a record that is gone are refused."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal(f"K-{i}") for i in range(4)])
            ids = await written(vendor, ops)
            await written(vendor, [replace(ops[3], action=Action.DELETE, id=ids["K-3"])])
            name = next(
                n for n, f in vendor.encode(deal("x"), account).origin.items() if f == "name"
            )
            updates = [
                Op(op.seq, DEALS, Action.UPDATE, op.key, ids[op.key], {name: "New"}) for op in ops
            ]
            updates[1] = replace(updates[1], properties=self.refused)
            outcomes = by_key(await vendor.write(DEALS, Action.UPDATE, updates))
            assert outcomes.keys() == ids.keys()
            written_keys = {k for k, o in outcomes.items() if o.state is OpState.WRITTEN}
            assert written_keys == {"K-0", "K-2"}
            found = await vendor.find(DEALS, ids, [name])
            names = {key: held.properties[name] for key, held in found.items()}
            assert names == {"K-0": "New", "K-1": "Deal K-1", "K-2": "New"}

        clock.run(main())

    # -- what is lost on the way ---------------------------------------------------------------

    def test_lost_answers_can_be_settled(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """A create without an answer is unknown and not repeated; ``find`` tells what became."""
        carried_out = {
            FaultKind.LOST_BEFORE: False,
            FaultKind.LOST_AFTER: True,
            FaultKind.CUT: True,
            FaultKind.STATUS: False,
        }

        async def main() -> None:
            account = await prepared(vendor)
            for kind, done in carried_out.items():
                ops = creates(vendor, account, [deal(f"{kind}-{i}") for i in range(3)])
                faulty = open_vendor(every_write(kind, self.create_path))
                with pytest.raises(OutcomeUnknown):
                    await faulty.write(DEALS, Action.CREATE, ops)
                keys = {op.key for op in ops}
                assert (await vendor.find(DEALS, keys)).keys() == (keys if done else set())
            assert len(await exported(vendor, DEALS)) == 3 * sum(carried_out.values())

        clock.run(main())

    def test_a_create_is_never_repeated_blindly(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """After a lost answer no second request to create leaves, though it would succeed."""

        async def main() -> None:
            account = await prepared(vendor)
            for kind in (FaultKind.LOST_BEFORE, FaultKind.LOST_AFTER, FaultKind.STATUS):
                sent: list[str] = []

                def first_is_lost(
                    request: httpx.Request, kind: FaultKind = kind, sent: list[str] = sent
                ) -> Fault | None:
                    if self.create_path not in request.url.path:
                        return None
                    sent.append(request.url.path)
                    return Fault(kind) if len(sent) == 1 else None

                ops = creates(vendor, account, [deal(f"{kind}")])
                with pytest.raises(OutcomeUnknown):
                    await open_vendor(first_is_lost).write(DEALS, Action.CREATE, ops)
                assert len(sent) == 1

        clock.run(main())

    def test_without_a_connection_nothing_is_written(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """No connection is ``Unavailable``: surely not carried out."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal("a")])
            down = open_vendor(every_write(FaultKind.NO_CONNECTION, "/"))
            with pytest.raises(Unavailable):
                await down.write(DEALS, Action.CREATE, ops)
            with pytest.raises(Unavailable):
                await down.describe(TYPES)
            assert await exported(vendor, DEALS) == []

        clock.run(main())

    # -- parents and links ---------------------------------------------------------------------

    def test_parents_are_resolved(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Contacts by e-mail, companies by domain or name, in any letter case; no others."""

        async def main() -> None:
            await prepared(vendor)
            people = await parents(vendor, CONTACTS, "Ann@Example.com", "bob@example.com")
            firms = await parents(vendor, COMPANIES, "acme.example", "Zo\u00eb & S\u00f6hne, Inc.")
            clock.seconds += vendor.capabilities.find_lag.total_seconds()
            found = await vendor.resolve(
                CONTACTS, ["ann@example.com", "BOB@example.com", "c@x.org"]
            )
            assert found == {
                "ann@example.com": (people["Ann@Example.com"],),
                "BOB@example.com": (people["bob@example.com"],),
            }
            asked = [
                "ACME.example",
                "acme.example",
                "zo\u00eb & s\u00f6hne, inc.",
                "Nobody",
                "none.example",
            ]
            assert await vendor.resolve(COMPANIES, asked) == {
                "ACME.example": (firms["acme.example"],),
                "acme.example": (firms["acme.example"],),
                "zo\u00eb & s\u00f6hne, inc.": (firms["Zo\u00eb & S\u00f6hne, Inc."],),
            }
            assert await vendor.resolve(CONTACTS, []) == {}

        clock.run(main())

    def test_many_names_are_resolved(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Any number of names is resolved, whatever one request takes."""

        async def main() -> None:
            await prepared(vendor)
            firms = await parents(vendor, COMPANIES, *(f"Company number {i}" for i in range(230)))
            people = await parents(vendor, CONTACTS, *(f"p{i}@example.com" for i in range(230)))
            assert await vendor.resolve(COMPANIES, list(firms)) == {
                name: (id_,) for name, id_ in firms.items()
            }
            assert await vendor.resolve(CONTACTS, list(people)) == {
                name: (id_,) for name, id_ in people.items()
            }

        clock.run(main())

    def test_a_parent_is_found_by_its_key(self, clock: VirtualClock, vendor: Vendor) -> None:
        """What ``parent`` creates is found by its case-folded name, and is not created twice."""

        async def main() -> None:
            await prepared(vendor)
            for type, name in ((CONTACTS, "Ann@Example.com"), (COMPANIES, "Acme GmbH")):
                ids = await parents(vendor, type, name)
                key = name.casefold()
                assert (await vendor.find(type, [key]))[key].id == ids[name]
                op = Op(1, type, Action.CREATE, key, None, vendor.parent(type, name))
                (outcome,) = await vendor.write(type, Action.CREATE, [op])
                assert (outcome.state, outcome.code) == (OpState.REFUSED, "key_exists")

        clock.run(main())

    def test_links_go_with_a_create(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Links of a create, or those made after it, are told by ``export`` and ``linked``."""

        async def main() -> None:
            account = await prepared(vendor)
            people = await parents(vendor, CONTACTS, "a@example.com", "b@example.com")
            firms = await parents(vendor, COMPANIES, "Acme", "Bolt")
            links = tuple(Link(CONTACTS, name, id_) for name, id_ in people.items())
            links += tuple(Link(COMPANIES, name, id_) for name, id_ in firms.items())
            ops = creates(vendor, account, [deal("with"), deal("later"), deal("none")])
            ops[0] = replace(ops[0], links=links)
            ids = await written(vendor, ops)
            later = replace(ops[1], id=ids["later"], links=links)
            if not vendor.capabilities.links_on_create:
                await vendor.link([replace(ops[0], id=ids["with"])])
            for _ in range(2):
                await vendor.link([later])
            held = {h.key: h.links for h in await exported(vendor, DEALS)}
            for key in ("with", "later"):
                assert set(held[key][CONTACTS]) == set(people.values())
                assert set(held[key][COMPANIES]) == set(firms.values())
                assert len(held[key][CONTACTS]) == 2
            assert not any(held["none"].values())
            linked = await vendor.linked(DEALS, ids.values(), COMPANIES)
            everyone = frozenset(firms.values())
            assert linked == {
                ids["with"]: everyone,
                ids["later"]: everyone,
                ids["none"]: frozenset(),
            }

        clock.run(main())

    def test_a_bad_link_costs_one_record(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Of many links one leads to nothing: its record is named, all others are linked."""

        async def main() -> None:
            account = await prepared(vendor)
            firm = Op(1, COMPANIES, Action.CREATE, "acme", None, vendor.parent(COMPANIES, "acme"))
            (firm_id,) = (await written(vendor, [firm])).values()
            ops = creates(vendor, account, [deal(f"L-{i}") for i in range(9)])
            ids = await written(vendor, ops)
            ops = [
                replace(
                    op,
                    id=ids[op.key],
                    action=Action.UPDATE,
                    links=(Link(COMPANIES, "acme", "404404" if op.key == "L-4" else firm_id),),
                )
                for op in ops
            ]
            outcomes = {outcome.key: outcome for outcome in await vendor.link(ops)}
            assert {key for key, o in outcomes.items() if o.state is OpState.REFUSED} == {"L-4"}
            assert set(outcomes) == set(ids)
            assert outcomes["L-4"].message
            linked = await vendor.linked(DEALS, ids.values(), COMPANIES)
            assert {id_ for id_, to in linked.items() if to} == set(ids.values()) - {ids["L-4"]}

        clock.run(main())

    # -- reading all ---------------------------------------------------------------------------

    def test_export_gives_each_record_once(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Over several pages every record comes once, with the properties asked for."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal(f"K-{i}", amount=str(i)) for i in range(250)])
            ids = await written(vendor, ops)
            names = list(ops[0].properties)
            held = await exported(vendor, DEALS, *names)
            assert len(held) == 250
            assert {h.key: h.id for h in held} == ids
            sent = {op.key: op.properties for op in ops}
            for one in held:
                assert one.key is not None
                for name in names:
                    ours = sent[one.key][name]
                    assert vendor.same(DEALS, name, ours, one.properties[name])

        clock.run(main())

    def test_requests_are_foretold(self, vendor: Vendor) -> None:
        """``requests`` says what ``write`` will spend: full batches, then a rest."""
        size = vendor.capabilities.batch[DEALS, Action.CREATE]
        assert vendor.requests(DEALS, Action.CREATE, 0) == 0
        assert vendor.requests(DEALS, Action.CREATE, size) * 2 == vendor.requests(
            DEALS, Action.CREATE, 2 * size
        )
        assert vendor.requests(DEALS, Action.CREATE, size + 1) > vendor.requests(
            DEALS, Action.CREATE, size
        )
