"""Parents and links."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import Action, Link, Op, OpState
from tests.contract.base import (
    COMPANIES,
    CONTACTS,
    DEALS,
    ContractBase,
    creates,
    deal,
    exported,
    linked_too,
    outcomes_of,
    parents,
    prepared,
    written,
)

if TYPE_CHECKING:
    from migrator.vendors.base import Vendor
    from tests.virtual_time import VirtualClock


class ParentsContract(ContractBase):
    """Contacts and companies of deals."""

    def test_parents_are_resolved(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Contacts by e-mail, companies by domain or name, in any letter case; no others."""

        async def main() -> None:
            await prepared(vendor)
            people = await parents(vendor, CONTACTS, "Ann@Example.com", "bob@example.com")
            firms = await parents(vendor, COMPANIES, "acme.example", "Zo\u00eb & S\u00f6hne, Inc.")
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
        """What ``parent`` creates is found by its case-folded name.

        Creating it again is refused, or gives the one that is there; where the vendor knows
        neither, the run looks for it first.
        """

        async def main() -> None:
            await prepared(vendor)
            for type, name in ((CONTACTS, "Ann@Example.com"), (COMPANIES, "Acme GmbH")):
                ids = await parents(vendor, type, name)
                key = name.casefold()
                assert (await vendor.find(type, [key]))[key].id == ids[name]
                op = Op(1, type, Action.CREATE, key, None, vendor.parent(type, name))
                if vendor.capabilities.unique_keys or type is CONTACTS:
                    (outcome,) = await vendor.write(type, Action.CREATE, [op])
                    told = (outcome.state, outcome.code) == (OpState.REFUSED, "key_exists")
                    assert told or (outcome.state, outcome.id) == (OpState.WRITTEN, ids[name])

        clock.run(main())

    def test_links_go_with_a_create(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Links of a create, or those made after it, are told by ``export`` and ``linked``."""

        async def main() -> None:
            account = await prepared(vendor)
            people = await parents(vendor, CONTACTS, "a@example.com", "b@example.com")
            names = ("Acme", "Bolt")[: self.companies_of_a_deal]
            firms = await parents(vendor, COMPANIES, *names)
            links = tuple(Link(CONTACTS, name, id_) for name, id_ in people.items())
            links += tuple(Link(COMPANIES, name, id_) for name, id_ in firms.items())
            ops = creates(vendor, account, [deal("with"), deal("later"), deal("none")])
            ops[0] = replace(ops[0], links=links)
            ids = await linked_too(vendor, ops)
            later = replace(ops[1], id=ids["later"], action=Action.UPDATE, links=links)
            for _ in range(2):
                await vendor.link([later])
            held = {h.key: h.links for h in await exported(vendor, DEALS)}
            # A vendor whose deals must have a contact was told which one to take for the others.
            others = {type: set(held["none"].get(type, ())) for type in (CONTACTS, COMPANIES)}
            for key in ("with", "later"):
                for type, made in ((CONTACTS, people), (COMPANIES, firms)):
                    assert set(held[key][type]) - others[type] == set(made.values())
                    assert len(held[key][type]) == len(set(held[key][type]))
            assert not others[COMPANIES]
            linked = await vendor.linked(DEALS, ids.values(), COMPANIES)
            everyone = frozenset(firms.values())
            assert linked == {
                ids["with"]: everyone,
                ids["later"]: everyone,
                ids["none"]: frozenset(),
            }

        clock.run(main())

    def test_a_deleted_parent_costs_one_record(self, clock: VirtualClock, vendor: Vendor) -> None:
        """A deal whose contact was deleted is refused or written without; all others are whole."""

        async def main() -> None:
            account = await prepared(vendor)
            people = await parents(vendor, CONTACTS, "gone@example.com", "here@example.com")
            gone = Op(
                1, CONTACTS, Action.DELETE, "gone@example.com", people["gone@example.com"], {}
            )
            await written(vendor, [gone])
            ops = creates(vendor, account, [deal(f"P-{i}") for i in range(6)])
            ops = [
                replace(op, links=(Link(CONTACTS, name, people[name]),))
                for op in ops
                for name in ["gone@example.com" if op.key == "P-2" else "here@example.com"]
            ]
            outcomes = await outcomes_of(vendor, ops)
            whole = {
                key for key, o in outcomes.items() if o.state is OpState.WRITTEN and not o.code
            }
            assert whole == {op.key for op in ops} - {"P-2"}
            assert outcomes["P-2"].message
            held = {h.key: h.links for h in await exported(vendor, DEALS)}
            assert all(people["here@example.com"] in held[key][CONTACTS] for key in whole)
            assert ("P-2" in held) == (outcomes["P-2"].state is OpState.WRITTEN)

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
            assert len(outcomes) == len(ops)
            assert {key for key, o in outcomes.items() if o.state is OpState.REFUSED} == {"L-4"}
            assert set(outcomes) == set(ids)
            assert outcomes["L-4"].message
            linked = await vendor.linked(DEALS, ids.values(), COMPANIES)
            assert {id_ for id_, to in linked.items() if to} == set(ids.values()) - {ids["L-4"]}

        clock.run(main())
