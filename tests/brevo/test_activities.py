"""Notes and tasks: written on deals, changed, deleted, and each there once whatever is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import MigratorError, OutcomeUnknown, Unavailable
from migrator.model import (
    UNKNOWN,
    Action,
    Link,
    ObjectType,
    Op,
    OpState,
    Outcome,
    Place,
    Record,
    Sent,
    Shape,
)
from migrator.wire import Fault, FaultKind
from tests.brevo.bench import WRITTEN, Bench, bench, connected, deals
from tests.brevo.double import COMPANIES, CONTACTS, DEALS, opened, path
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migrator.model import Account
    from migrator.vendors.base import Vendor

NOTES, TASKS = ObjectType.NOTES, ObjectType.TASKS
BOTH = pytest.mark.parametrize("type", [NOTES, TASKS])

VALUES = {
    NOTES: {"body": "<b>Called.</b>\nWill call again; \u201esoon\u201c"},
    TASKS: {
        "title": "Ring Gr\u00f6\u00dfer",
        "body": "About the roof",
        "kind": "Call",
        "due_at": "2026-05-05T09:00:00Z",
        "done": "true",
        "owner": "bruno.costa@example.com",
    },
}


@dataclass
class Dated:
    """A sandbox whose answers tell the time, as Brevo's do."""

    inner: Any
    clock: VirtualClock

    def handle(self, request: httpx.Request) -> httpx.Response:
        """As the sandbox."""
        response: httpx.Response = self.inner.handle(request)
        response.headers["Date"] = format_datetime(self.clock.now(), usegmt=True)
        return response

    def records(self, type: str) -> list[dict[str, Any]]:
        """What the sandbox has."""
        found: list[dict[str, Any]] = self.inner.records(type)
        return found


class Office:
    """A sandbox with a deal, a contact and a company, and an account that knows of activities."""

    def __init__(self, *, dated: bool = True, **options: Any) -> None:
        self.desk: Bench = bench(limits=False, **options)
        if dated:
            self.desk.sandbox = Dated(self.desk.sandbox, self.desk.clock)
        self.deal = str(self.desk.write(deals(1))["k0"].id)
        self.contact = self.desk.people("a@x.org")["a@x.org"]
        firm = self.desk.vendor.parent(COMPANIES, "Acme")
        made = self.desk.write([Op(1, COMPANIES, Action.CREATE, "acme", None, firm)])
        self.company = str(made["acme"].id)
        types = [DEALS, NOTES, TASKS]
        self.account: Account = self.desk.run(self.desk.vendor.describe(types))
        self.desk.sent.clear()

    @property
    def links(self) -> tuple[Link, ...]:
        """To all three."""
        return (
            Link(DEALS, "k0", self.deal),
            Link(CONTACTS, "a@x.org", self.contact),
            Link(COMPANIES, "acme", self.company),
        )

    def create(self, type: ObjectType, key: str, **values: str) -> Op:
        """A create of these values, on all three records."""
        given = {**VALUES[type], **values}
        encoded = self.desk.vendor.encode(record(type, given, key), self.account)
        assert encoded.problems == ()
        return Op(1, type, Action.CREATE, key, None, encoded.properties, links=self.links)

    def there(self, type: ObjectType) -> list[dict[str, Any]]:
        """What the sandbox has."""
        found: list[dict[str, Any]] = self.desk.sandbox.records(type)
        return found

    def fresh(self) -> Vendor:
        """Another process."""
        vendor = self.desk.again()
        self.desk.run(vendor.describe([NOTES, TASKS]))
        return vendor


def record(type: ObjectType, values: dict[str, str], key: str = "x") -> Record:
    """A row of a file."""
    return Record(type, key, values, {}, Place("notes.csv", 1, 2))


def posts(kind: FaultKind, most: int = 99, first: int = 0) -> Callable[..., Fault | None]:
    """Faults on creates of notes and tasks, from one of them on."""
    seen = 0

    def fault(request: httpx.Request) -> Fault | None:
        nonlocal seen
        if path(request) not in {"POST /crm/notes", "POST /crm/tasks"}:
            return None
        seen += 1
        return Fault(kind) if first < seen <= first + most else None

    return fault


# -- what goes over --------------------------------------------------------------------------------


@BOTH
def test_written_read_changed_deleted(type: ObjectType) -> None:
    """Each costs a request, as foretold; what comes back says what was written, links included."""
    office = Office()
    desk = office.desk
    names = [f"No. {i}" for i in range(12)]
    field = "body" if type is NOTES else "title"
    ops = [office.create(type, name, **{field: name}) for name in names]
    assert desk.vendor.capabilities.batch[type, Action.CREATE] == 1
    outcomes = {op.key: desk.write([op])[op.key] for op in ops}
    assert {o.state for o in outcomes.values()} == WRITTEN
    shape = Shape(type, Action.CREATE, frozenset(ops[0].properties), (DEALS, CONTACTS, COMPANIES))
    assert sum(desk.vendor.requests({shape: 12}).values()) == len(desk.sent) == 12
    held = desk.run(desk.vendor.read(type, [str(o.id) for o in outcomes.values()]))
    for op in ops:
        one = held[str(outcomes[op.key].id)]
        back = desk.vendor.decode(one, office.account)
        given = {**VALUES[type], field: op.key}
        assert {name: back[name] for name in given} == given
        assert one.key is None
        assert one.links == {
            DEALS: (office.deal,),
            CONTACTS: (office.contact,),
            COMPANIES: (office.company,),
        }
    name = "text" if type is NOTES else "notes"
    changed = [
        Op(1, type, Action.UPDATE, key, o.id, {name: f"New {key}"}) for key, o in outcomes.items()
    ]
    desk.sent.clear()
    assert {o.state for o in desk.write(changed).values()} == WRITTEN
    assert len(desk.sent) == 12
    assert {one[name] for one in office.there(type)} == {f"New {key}" for key in outcomes}
    assert all(one["dealIds" if type is NOTES else "dealsIds"] for one in office.there(type))
    for _ in range(2):  # what is gone already is as wanted
        gone = [replace(op, action=Action.DELETE, properties={}) for op in changed]
        assert {o.state for o in desk.write(gone).values()} == WRITTEN
    assert office.there(type) == []


def test_types_of_tasks() -> None:
    """By name, whatever its hyphens; a task that names none is one to do."""
    office = Office()
    ops = [office.create(TASKS, kind, kind=kind) for kind in ("To-do", "MEETING", "e-mail")]
    bare = replace(ops[0], key="bare")
    names = {name: v for name, v in bare.properties.items() if name != "taskTypeId"}
    ops.append(replace(bare, properties=names))
    for op in ops:
        office.desk.write([op])
    titles = office.account.fields[TASKS]["taskTypeId"].options
    shown = [titles[str(one["taskTypeId"])] for one in office.there(TASKS)]
    assert sorted(shown) == ["Email", "Meeting", "Todo", "Todo"]
    by_id = next(iter(titles))
    assert office.create(TASKS, "x", kind=by_id).properties["taskTypeId"] == by_id


@pytest.mark.parametrize(
    ("type", "values", "codes"),
    [
        (NOTES, {}, {"missing_body"}),
        (NOTES, {"body": "x" * 3_001}, {"too_long"}),
        (NOTES, {"body": "x", "custom.color": "red"}, {"unknown_field"}),
        (NOTES, {"body": "x", "owner": "nobody@x.org", "created_at": "2020-01-01"}, set()),
        (TASKS, {"body": "x"}, {"missing_title", "missing_due_at"}),
        (TASKS, {"title": "x", "due_at": "soon"}, {"invalid_datetime"}),
        (TASKS, {"title": "x", "due_at": "2026-05-05", "kind": "Smoke"}, {"unknown_option"}),
        (TASKS, {"title": "x", "due_at": "2026-05-05", "done": "maybe"}, {"invalid_bool"}),
        (TASKS, {"title": "x", "due_at": "2026-05-05", "owner": "no@x.org"}, {"unknown_owner"}),
        (TASKS, {"title": "x", "due_at": "2026-05-05", "created_at": "2020-01-01"}, set()),
    ],
)
def test_what_cannot_go_over(type: ObjectType, values: dict[str, str], codes: set[str]) -> None:
    """Each reason is told; what is lacking only keeps a row from being created."""
    office = Office()
    encoded = office.desk.vendor.encode(record(type, values), office.account)
    assert {problem.code for problem in encoded.problems} == codes
    assert all(p.only_to_create == p.code.startswith("missing") for p in encoded.problems)
    assert "authorId" not in encoded.properties
    assert "createdAt" not in encoded.properties


@BOTH
def test_links_come_and_go(type: ObjectType) -> None:
    """One of its links is taken off and put back; the others and the text stay."""
    office = Office()
    desk = office.desk
    id_ = str(desk.write([office.create(type, "x")])["x"].id)
    deal, *others = office.links
    op = Op(1, type, Action.UPDATE, "x", id_, {}, links=(deal,))
    parents = {one.type: str(one.id) for one in others}

    def linked() -> dict[ObjectType, frozenset[str]]:
        told = {to: desk.run(desk.vendor.linked(type, [id_], to)) for to in (DEALS, *parents)}
        return {to: found[id_] for to, found in told.items()}

    before = office.there(type)
    everything = linked()
    assert everything == {one.type: {one.id} for one in office.links}
    desk.sent.clear()
    shape = Shape(type, Action.UNLINK, frozenset(), (DEALS,))
    assert {o.state for o in desk.run(desk.vendor.unlink([op]))} == WRITTEN
    assert len(desk.sent) == sum(desk.vendor.requests({shape: 1}).values()) == 2
    assert linked() == {DEALS: frozenset(), **{to: {one} for to, one in parents.items()}}
    shape = replace(shape, action=Action.UPDATE)
    for _ in range(2):  # repeating is harmless
        desk.sent.clear()
        assert {o.state for o in desk.run(desk.vendor.link([op]))} == WRITTEN
        assert len(desk.sent) <= sum(desk.vendor.requests({shape: 1}).values()) == 2
    assert linked() == everything
    assert (
        office.there(type)[0].items()
        >= {name: value for name, value in before[0].items() if name != "updatedAt"}.items()
    )
    gone = replace(op, id="0" * 24)
    lost = replace(op, links=(Link(DEALS, "gone", "0" * 24),))
    for one in (gone, lost):
        assert [o.state for o in desk.run(desk.vendor.link([one]))] == [OpState.REFUSED]
    (parted,) = desk.run(desk.vendor.write(type, Action.UNLINK, [op]))
    assert parted.state is OpState.WRITTEN
    assert desk.run(desk.vendor.linked(type, ["0" * 24], DEALS)) == {"0" * 24: frozenset()}


@BOTH
def test_refusals(type: ObjectType) -> None:
    """A note on a deal that is gone, or a change of one that is, costs only that row."""
    office = Office()
    op = replace(office.create(type, "x"), links=(Link(DEALS, "gone", "0" * 24),))
    assert office.desk.write([op])["x"].state is OpState.REFUSED
    name = "text" if type is NOTES else "name"
    change = Op(1, type, Action.UPDATE, "y", "0" * 24, {name: "x"})
    assert office.desk.write([change])["y"].state is OpState.REFUSED
    odd = Op(1, type, Action.DELETE, "z", "no id", {})
    assert office.desk.write([odd])["z"].state is OpState.REFUSED
    assert office.there(type) == []


def test_a_task_is_changed_field_by_field() -> None:
    """Done or not, and to whom it is assigned; what is not named stays."""
    office = Office()
    id_ = office.desk.write([office.create(TASKS, "x")])["x"].id
    before = office.there(TASKS)[0]
    office.desk.write([Op(1, TASKS, Action.UPDATE, "x", id_, {"done": "false"})])
    (after,) = office.there(TASKS)
    assert (before["done"], after["done"]) == (True, False)
    assert after["name"] == before["name"]
    assert office.desk.vendor.same(
        TASKS, "date", "2026-05-05T09:00:00Z", "2026-05-05T09:00:00.000Z"
    )


def test_deals_by_key() -> None:
    """Notes name their deal by its source key; where nothing has one, none is found."""
    office = Office()
    found = office.desk.run(office.desk.vendor.resolve(DEALS, ["k0", "none", ""]))
    assert found == {"k0": (office.deal,)}
    clock = VirtualClock()
    bare = opened(clock, lambda _: httpx.Response(200, json=[]))
    assert clock.run(bare.resolve(DEALS, ["k0"])) == {}
    assert clock.run(bare.find(NOTES, ["x"])) == {}


# -- what is lost ----------------------------------------------------------------------------------

LOST = pytest.mark.parametrize("kind", [FaultKind.LOST_BEFORE, FaultKind.LOST_AFTER, FaultKind.CUT])


def attempt(desk: Bench, vendor: Vendor, op: Op) -> tuple[list[Outcome], Sent]:
    """Send one create; its outcome, if it has one, and what the journal then knows of it."""
    notes: list[str] = []
    at = desk.clock.now()

    async def main() -> list[Outcome]:
        try:
            return await vendor.write(op.type, op.action, [op], notes.append)
        except (OutcomeUnknown, Unavailable):
            return []

    return desk.run(main()), Sent(op, at, notes[-1] if notes else None)


def carried_out(office: Office, ops: Sequence[Op], faults: Any, *, same: bool) -> dict[str, str]:
    """Write ops as the loader does, through faults; ids by key.

    ``same`` = the process that lost an answer asks what became of it; else it was killed.
    """
    desk = office.desk
    writer = connected(desk.clock, desk.sandbox, desk.sent, {}, faults)
    desk.run(writer.describe([NOTES, TASKS]))
    ids: dict[str, str] = {}
    for op in ops:
        outcomes, sent = attempt(desk, writer, op)
        if not outcomes:
            reader = writer if same else office.fresh()
            outcomes = desk.run(reader.recover(op.type, [sent]))
        if not outcomes:
            desk.clock.seconds += 1
            outcomes, _ = attempt(desk, desk.again(), op)
        (outcome,) = outcomes
        assert outcome.state is OpState.WRITTEN, outcome
        ids[op.key] = str(outcome.id)
    return ids


@BOTH
@LOST
@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize(("list_lag", "dated"), [(0.0, True), (10.0, True), (10.0, False)])
def test_each_is_there_once(
    type: ObjectType, kind: FaultKind, same: bool, list_lag: float, dated: bool
) -> None:
    """Whether it arrived or not, and whoever asks: every note is there once, under its own id."""
    office = Office(list_lag=list_lag, dated=dated)
    field = "body" if type is NOTES else "title"
    ops = [office.create(type, f"{i}", **{field: f"No. {i}"}) for i in range(6)]
    ids = carried_out(office, ops, posts(kind, 2, 2), same=same)
    name = "text" if type is NOTES else "name"
    assert {str(one["id"]): one[name] for one in office.there(type)} == {
        ids[op.key]: op.properties[name] for op in ops
    }


@BOTH
@LOST
@pytest.mark.parametrize("dated", [True, False])
def test_twins(type: ObjectType, kind: FaultKind, dated: bool) -> None:
    """Two notes that say the same on one deal are two notes, when the answer of one is lost."""
    office = Office(dated=dated)
    ops = [office.create(type, key) for key in ("first", "second", "third")]
    ids = carried_out(office, ops, posts(kind, 1, 1), same=False)
    assert len(set(ids.values())) == 3
    assert {str(one["id"]) for one in office.there(type)} == set(ids.values())


@BOTH
@pytest.mark.parametrize("arrived", [0, 1, 2])
def test_several_that_look_the_same(type: ObjectType, arrived: int) -> None:
    """Of two without an answer as many are written as are there; the others are sent again."""
    office = Office()
    desk = office.desk
    known: list[Sent] = []
    for i in range(2):
        kind = FaultKind.LOST_AFTER if i < arrived else FaultKind.LOST_BEFORE
        writer = desk.again(posts(kind))
        desk.run(writer.describe([NOTES, TASKS]))
        known.append(attempt(desk, writer, office.create(type, f"{i}"))[1])
        desk.clock.seconds += 5
    outcomes = desk.run(office.fresh().recover(type, known))
    assert {o.state for o in outcomes} <= WRITTEN
    assert sorted(str(o.id) for o in outcomes) == sorted(
        str(one["id"]) for one in office.there(type)
    )
    assert len(outcomes) == arrived


@BOTH
def test_one_too_many_is_for_a_person(type: ObjectType) -> None:
    """Where somebody wrote the same meanwhile, nobody can tell which is ours."""
    office = Office()
    desk = office.desk
    op = office.create(type, "x")
    writer = desk.again(posts(FaultKind.LOST_AFTER))
    desk.run(writer.describe([NOTES, TASKS]))
    _, sent = attempt(desk, writer, op)
    stranger = office.fresh()
    desk.run(stranger.write(type, Action.CREATE, [replace(op, key="theirs")]))
    (outcome,) = desk.run(office.fresh().recover(type, [sent]))
    assert (outcome.state, outcome.code, outcome.id) == (OpState.SENT, UNKNOWN, None)
    for one in office.there(type):
        assert str(one["id"]) in outcome.message
    assert ("Called." if type is NOTES else "Ring") in outcome.message


@BOTH
def test_older_ones_are_not_taken_for_it(type: ObjectType) -> None:
    """The same text of yesterday is another note; without a note of when it left, who knows."""
    office = Office()
    desk = office.desk
    old = desk.write([office.create(type, "old")])["old"].id
    desk.clock.seconds += 3_600
    writer = desk.again(posts(FaultKind.LOST_BEFORE))
    desk.run(writer.describe([NOTES, TASKS]))
    outcomes, sent = attempt(desk, writer, office.create(type, "new"))
    assert outcomes == []
    assert desk.run(office.fresh().recover(type, [sent])) == []
    ours = str(sent.job).replace("since", "about")
    for job in (None, ours):
        (outcome,) = desk.run(office.fresh().recover(type, [replace(sent, job=job)]))
        assert (outcome.state, outcome.code) == (OpState.SENT, UNKNOWN)
        assert str(old) in outcome.message
    later = replace(sent, job="strange", at=sent.at + timedelta(days=2))
    assert desk.run(office.fresh().recover(type, [later])) == []
    other = replace(sent, op=replace(sent.op, links=()))
    assert desk.run(office.fresh().recover(type, [other])) == []
    update = replace(sent, op=replace(sent.op, action=Action.UPDATE, id="x"))
    assert desk.run(desk.vendor.recover(type, [update])) == []


def test_texts_that_brevo_dresses() -> None:
    """A note is known again though tags were added to it or taken away."""
    clock = VirtualClock()
    shown = [
        {
            "id": "n1",
            "text": "<p>Fish &amp; chips<br/>twice</p>",
            "dealIds": ["d1"],
            "createdAt": "2026-03-31T09:00:00.000Z",
        }
    ]
    vendor = opened(clock, lambda _: httpx.Response(200, json=shown))
    links = (Link(DEALS, "k", "d1"),)
    op = Op(1, NOTES, Action.CREATE, "x", None, {"text": "Fish & chips\ntwice"}, links=links)
    sent = Sent(op, clock.now(), "since 2026-03-31T09:00:00+00:00")
    (outcome,) = clock.run(vendor.recover(NOTES, [sent]))
    assert (outcome.state, outcome.id) == (OpState.WRITTEN, "n1")


def test_tasks_without_a_date_of_creation() -> None:
    """Where a task does not say when it was made, one that looks the same is for a person."""
    clock = VirtualClock()
    shown = [{"id": "t1", "name": "Ring", "date": "2026-05-05T09:00:00Z"}]
    vendor = opened(clock, lambda _: httpx.Response(200, json={"items": shown}))
    properties = {"name": "Ring", "date": "2026-05-05T09:00:00.000Z"}
    op = Op(1, TASKS, Action.CREATE, "x", None, properties)
    sent = Sent(op, clock.now(), "since 2026-03-31T09:00:00+00:00")
    (outcome,) = clock.run(vendor.recover(TASKS, [sent]))
    assert (outcome.state, outcome.code) == (OpState.SENT, UNKNOWN)
    elsewhere = replace(sent, op=replace(op, properties={**properties, "name": "Write"}))
    assert clock.run(vendor.recover(TASKS, [elsewhere])) == []


def test_an_account_that_tells_no_time_and_has_no_types() -> None:
    """Our own time is noted then, as such; a task needs a type that there is not."""
    clock = VirtualClock()
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(path(request))
        return httpx.Response(200, json=[] if request.method == "GET" else {"id": "n1"})

    vendor = opened(clock, handle)
    notes: list[str] = []
    note = Op(1, NOTES, Action.CREATE, "x", None, {"text": "Hi"})
    (outcome,) = clock.run(vendor.write(NOTES, Action.CREATE, [note], notes.append))
    assert outcome.state is OpState.WRITTEN
    clock.run(vendor.write(NOTES, Action.CREATE, [replace(note, key="y")], notes.append))
    now = clock.now().isoformat()
    assert notes == [f"about {now}", f"about {now} not n1"]
    task = Op(1, TASKS, Action.CREATE, "x", None, {"name": "Ring"})
    (outcome,) = clock.run(vendor.write(TASKS, Action.CREATE, [task]))
    assert (outcome.state, outcome.code) == (OpState.REFUSED, "no_task_type")
    assert "POST /crm/tasks" not in asked


def test_lists_that_are_refused() -> None:
    """Where Brevo does not let us look, nothing else may be written before a person has."""
    clock = VirtualClock()
    refused = httpx.Response(422, json={"message": "no"})
    vendor = opened(clock, lambda _: refused)
    op = Op(1, NOTES, Action.CREATE, "x", None, {"text": "Hi"})
    with pytest.raises(MigratorError, match="cannot be found out"):
        clock.run(vendor.recover(NOTES, [Sent(op, clock.now())]))
