"""Changes that go by a file of the imports API: as certain as those that go in batches."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest

from migrator.errors import InputError, OutcomeUnknown, Unauthorized, Unavailable
from migrator.model import Action, ObjectType, Op, OpState, Sent, Shape
from migrator.vendors.hubspot.api import HubSpot
from migrator.wire import FaultKind
from tests.hubspot.portal import Answer, Body, Portal, refusal, reply
from tests.hubspot.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from migrator.model import Outcome
    from migrator.vendors.base import Vendor

DEALS = ObjectType.DEALS
IMPORT = {"via": "import"}


def changes(ids: Mapping[str, str], **properties: str) -> list[Op]:
    """Updates of deals, which had nothing in these properties before."""
    return [
        Op(i, DEALS, Action.UPDATE, key, id_, properties, dict.fromkeys(properties))
        for i, (key, id_) in enumerate(ids.items(), 1)
    ]


def shapes(ops: Sequence[Op]) -> Counter[Shape]:
    """What a plan knows of ops."""
    return Counter(
        Shape(
            op.type,
            op.action,
            frozenset(op.properties),
            clears=frozenset(name for name, value in op.properties.items() if not value),
        )
        for op in ops
    )


def outcomes_of(room: Room, ops: Sequence[Op], *, notes: list[str] | None = None) -> Any:
    """Outcomes by key of one ``write``."""
    note: Callable[[str], None] = (notes if notes is not None else []).append
    found = room.run(room.vendor.write(DEALS, Action.UPDATE, ops, note))
    by_key = {one.key: one for one in found}
    assert len(by_key) == len(found)
    return by_key


def uploads(room: Room) -> int:
    """Files that were sent since the last time it was asked."""
    sent = [(method, path) for method, path, _ in room.sent]
    room.sent.clear()
    return sent.count(("POST", "/crm/imports"))


# -- in the sandbox --------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["name", "order"])
def test_files_by_what_they_write(order: Literal["name", "order"]) -> None:
    """Each set of properties is a file, so that none has a blank; requests as foretold."""
    room = Room(IMPORT, import_columns_by=order, import_blank_clears=True)
    ids = room.deals(300, description="old")
    keys = list(ids)
    first = {key: ids[key] for key in keys[:200]}
    rest = {key: ids[key] for key in keys[200:290]}
    cleared = {key: ids[key] for key in keys[290:]}
    owner = room.account.owners[0].id
    moment = "2026-03-31T09:00:00.250Z"
    ops = [
        *changes(first, hubspot_owner_id=owner, signed_at=moment, seats="12.5", tier="Gold"),
        *changes(rest, dealname='New; "quoted",\nname', renewal_on="2027-01-31"),
        *changes(cleared, description=""),
    ]
    room.sent.clear()
    outcomes = outcomes_of(room, ops)
    assert {(key, one.state, one.id) for key, one in outcomes.items()} == {
        (key, OpState.WRITTEN, id_) for key, id_ in ids.items()
    }
    sent = len(room.sent)
    assert uploads(room) == 2
    foretold = sum(room.vendor.requests(shapes(ops)).values())
    assert sent <= foretold <= sent * 1.5 + 3
    names = ["hubspot_owner_id", "signed_at", "seats", "tier", "dealname", "renewal_on"]
    held = room.run(room.vendor.read(DEALS, ids.values(), [*names, "description"]))
    for op in ops:
        for name, value in op.properties.items():
            assert room.vendor.same(DEALS, name, value, held[str(op.id)].properties[name])
    described = {key: held[id_].properties["description"] for key, id_ in ids.items()}
    assert {described[key] or "" for key in cleared} == {""}
    assert {described[key] for key in (*first, *rest)} == {"old"}


@pytest.mark.parametrize("costs", ["row", "cell"])
def test_a_bad_cell(costs: Literal["row", "cell"]) -> None:
    """Whatever a bad cell costs, its row alone is told, and whether it was changed in part."""
    room = Room(IMPORT, import_bad_cell=costs)
    ids = room.deals(6, dealname="Old")
    ops = [
        replace(op, properties={"dealname": "New", "seats": "5"}, before={"dealname": "Old"})
        for op in changes(ids)
    ]
    ops[2] = replace(ops[2], properties={"dealname": "New", "seats": "many"})
    ops[4] = replace(ops[4], id="9")
    outcomes = outcomes_of(room, ops)
    states = {key: one.state for key, one in outcomes.items()}
    in_part = costs == "cell"
    assert states.pop("k5") is OpState.REFUSED
    assert states.pop("k3") is (OpState.WRITTEN if in_part else OpState.REFUSED)
    assert "seats" in outcomes["k3"].message
    assert set(states.values()) == {OpState.WRITTEN}
    held = room.run(room.vendor.read(DEALS, ids.values(), ["dealname", "seats"]))
    assert held[ids["k3"]].properties == {
        "migrator_key": "k3",
        "dealname": "New" if in_part else "Old",
        "seats": None,
    }
    assert held[ids["k4"]].properties["seats"] == "5"


def test_a_lost_file_is_sent_again() -> None:
    """Without the import's id nothing is known of updates, and to repeat them does no harm."""
    room = Room(IMPORT)
    ops = changes(room.deals(5), dealname="New")
    room.lose["/imports/2026-03"] = [FaultKind.LOST_AFTER]
    with pytest.raises(OutcomeUnknown):
        outcomes_of(room, ops)
    sent = [Sent(op, room.clock.now()) for op in ops]
    assert room.run(room.opened().recover(DEALS, sent)) == []
    outcomes = outcomes_of(room, ops)
    assert {one.state for one in outcomes.values()} == {OpState.WRITTEN}


@pytest.mark.parametrize("costs", ["row", "cell"])
def test_a_killed_import_is_waited_for(costs: Literal["row", "cell"]) -> None:
    """By the id that was noted another process learns of each row what became of it."""
    room = Room(IMPORT, import_bad_cell=costs, import_seconds=90.0)
    ids = room.deals(8, dealname="Old")
    ops = [
        replace(op, properties={"dealname": "New", "seats": "5"}, before={"dealname": "Old"})
        for op in changes(ids)
    ]
    ops[2] = replace(ops[2], properties={"dealname": "New", "seats": "many"})
    ops[6:] = [replace(op, properties={"dealname": ""}) for op in ops[6:]]
    noted: list[str] = []

    class Killed(Exception):
        """The process is gone."""

    def note(job: str) -> None:
        noted.append(job)
        raise Killed

    with pytest.raises(Killed):
        room.run(room.vendor.write(DEALS, Action.UPDATE, ops, note))
    began = room.clock.now()
    sent = [Sent(op, began, job=noted[0]) for op in ops]
    outcomes = {one.key: one for one in room.run(room.opened().recover(DEALS, sent))}
    assert room.clock.now() - began >= timedelta(seconds=80)
    known = {"k1", "k2", "k4", "k5", "k6"} | ({"k3"} if costs == "cell" else set())
    assert outcomes.keys() == known
    assert {one.state for one in outcomes.values()} == {OpState.WRITTEN}
    assert {key for key, one in outcomes.items() if one.code} == known - {
        "k1", "k2", "k4", "k5", "k6"
    }  # fmt: skip
    held = room.run(room.vendor.read(DEALS, ids.values(), ["seats"]))
    assert [held[ids[key]].properties["seats"] for key in ids] == [
        "5", "5", None, "5", "5", "5", None, None
    ]  # fmt: skip


# -- which way -------------------------------------------------------------------------------------


class Crm:
    """HubSpot by hand: takes files, whose errors and end are given."""

    def __init__(
        self,
        *,
        states: Sequence[str] = ("DONE",),
        errors: Sequence[Body] = (),
        shown: str = "New",
        upload: httpx.Response | None = None,
    ) -> None:
        self.states = list(states)
        self.errors = list(errors)
        self.shown = shown
        self.upload = upload
        self.portal = Portal(self.handle)

    def handle(self, method: str, path: str, body: Body) -> Answer:
        """An answer; updates by batch always work."""
        if (method, path) == ("POST", "/crm/imports"):
            return self.upload or reply(200, id=7, state="STARTED")
        if path.startswith("/crm/imports/7/errors"):
            return reply(200, results=self.errors)
        if path == "/crm/imports/7":
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            return reply(200, id=7, state=state) if state else reply(404, **refusal("gone"))
        results = [
            {"id": one["id"], "properties": {"dealname": self.shown}} for one in body["inputs"]
        ]
        return reply(200, results=results)

    def vendor(self, via: Literal["auto", "batch", "import"]) -> HubSpot:
        """The adapter, to go this way."""
        return HubSpot(self.portal.vendor._calls.client, self.portal.clock, via=via)

    def write(self, vendor: Vendor, ops: Sequence[Op]) -> dict[str, Outcome]:
        """Outcomes of one ``write``, all of which are written."""
        outcomes = self.portal.clock.run(vendor.write(DEALS, Action.UPDATE, ops))
        assert sorted(one.key for one in outcomes) == sorted(op.key for op in ops)
        assert {one.state for one in outcomes} == {OpState.WRITTEN}
        return {one.key: one for one in outcomes}

    def sent(self) -> Counter[str]:
        """How often each address was asked, forms and batches."""
        found = Counter(path.partition("?")[0] for _, path, _ in self.portal.sent)
        self.portal.sent.clear()
        return found


def numbered(count: int, **properties: str) -> list[Op]:
    """Updates of deals that are only numbers."""
    return changes({f"k{i}": str(i) for i in range(1, count + 1)}, **properties)


BATCH, READ, FILE = (
    "/crm/objects/deals/batch/update",
    "/crm/objects/deals/batch/read",
    "/crm/imports",
)


def test_auto_takes_files_for_many() -> None:
    """From 20,000 changes on a plan is by files, and what it foretold is what is sent."""
    crm = Crm(states=["STARTED", "PROCESSING", "DONE"])
    vendor = crm.vendor("auto")
    few, many = numbered(19_999, dealname="New"), numbered(20_000, dealname="New")
    assert vendor.requests(shapes(few)) == {"": 200}
    assert vendor.capabilities.batch[DEALS, Action.UPDATE] == 100
    foretold = vendor.requests(shapes(many))[""]
    assert vendor.capabilities.batch[DEALS, Action.UPDATE] == 20_000
    crm.write(vendor, many)
    sent = crm.sent()
    assert sent == {FILE: 1, f"{FILE}/7": 3, f"{FILE}/7/errors": 1, READ: 1}
    assert sum(sent.values()) <= foretold <= 10
    assert crm.vendor("batch").requests(shapes(many)) == {"": 200}


def test_a_process_that_made_no_plan_sends_batches() -> None:
    """A few of many, and rows that write something rare, are as cheap by batches."""
    crm = Crm()
    vendor = crm.vendor("auto")
    assert len(crm.write(vendor, numbered(250, dealname="New"))) == 250
    assert crm.sent() == {BATCH: 3}
    rare = [replace(op, key=f"r{op.key}") for op in numbered(150, amount="1")]
    ops = [*numbered(20_000, dealname="New"), *rare]
    assert vendor.requests(shapes(ops)) == {"": 8 + 2}
    crm.write(vendor, [*ops[:1_000], *rare])
    assert crm.sent() == {FILE: 1, f"{FILE}/7": 1, f"{FILE}/7/errors": 1, READ: 1, BATCH: 2}


def test_what_a_file_never_has() -> None:
    """Blanks, creates and notes go in batches whatever is asked for."""
    crm = Crm()
    vendor = crm.vendor("import")
    crm.write(vendor, numbered(3, dealname=""))
    assert crm.sent() == {BATCH: 1}
    assert vendor.capabilities.batch[DEALS, Action.CREATE] == 100
    assert vendor.capabilities.batch[ObjectType.NOTES, Action.UPDATE] == 100
    assert crm.portal.clock.run(vendor.write(DEALS, Action.UPDATE, [])) == []


def test_how_a_file_looks() -> None:
    """The columns are named in the order of the file, ids first; moments are in milliseconds."""
    crm = Crm(shown="x")
    vendor = crm.vendor("import")
    ops = numbered(2, dealname="x", closedate="2026-03-31T09:00:00Z")
    ops[1] = replace(ops[1], properties={"dealname": "x", "closedate": "odd"})
    crm.write(vendor, ops)
    form = crm.portal.sent[0][2]["form"]
    assert "Record ID,closedate,dealname\r\n1,1774947600000,x\r\n2,odd,x\r\n" in form
    assert '"importOperations": {"0-3": "UPDATE"}' in form
    assert form.index('"columnType": "HUBSPOT_OBJECT_ID"') < form.index('"closedate"')
    assert form.index('"closedate"') < form.index('"dealname"')


ROW = {"sourceData": {"lineNumber": 3, "rowData": ["2", "New"]}, "errorType": "UNKNOWN"}
STRANGE = {"sourceData": {"lineNumber": 3, "rowData": ["x", "New"]}}
FILE_WIDE = {"sourceData": {"lineNumber": 0}}
MANY = [{"sourceData": {"rowData": [str(i), "New"]}} for i in range(1, 1_003)]


@pytest.mark.parametrize(
    ("settings", "batches"),
    [
        ({"errors": [ROW, ROW]}, 1),
        ({"errors": [STRANGE]}, 15),
        ({"errors": [FILE_WIDE]}, 15),
        ({"errors": [{}]}, 15),
        ({"errors": MANY}, 15),
        ({"states": ["FAILED"]}, 15),
        ({"states": ["PROCESSING", "CANCELED"]}, 15),
        ({"states": [""]}, 15),
        ({"shown": "Other"}, 15),
        ({"upload": reply(400, **refusal("bad columns"))}, 15),
    ],
)
def test_what_is_in_doubt_goes_by_batches(settings: dict[str, Any], batches: int) -> None:
    """Rows that an import complains of, or the whole file where it cannot be told which."""
    crm = Crm(**settings)
    crm.write(crm.vendor("import"), numbered(1_500, dealname="New"))
    assert crm.sent()[BATCH] == batches


def test_a_token_that_may_not_import() -> None:
    """The scope is asked for where files were; else batches do it, and no file is tried again."""
    forbidden = reply(403, **refusal("scope", "MISSING_SCOPES"))
    crm = Crm(upload=forbidden)
    with pytest.raises(Unauthorized):
        crm.write(crm.vendor("import"), numbered(3, dealname="New"))
    crm.sent()
    vendor = crm.vendor("auto")
    ops = numbered(20_000, dealname="New")
    vendor.requests(shapes(ops))
    crm.write(vendor, ops[:1_200])
    assert crm.sent() == {FILE: 1, BATCH: 12}
    assert vendor.capabilities.batch[DEALS, Action.UPDATE] == 100


def test_an_import_that_does_not_end() -> None:
    """After an hour a person is told what to look at; nothing is sent meanwhile."""
    crm = Crm(states=["DEFERRED"])
    before = crm.portal.clock.now()
    with pytest.raises(OutcomeUnknown, match="import 7"):
        crm.write(crm.vendor("import"), numbered(3, dealname="New"))
    assert timedelta(hours=1) <= crm.portal.clock.now() - before < timedelta(hours=1.1)
    assert BATCH not in crm.sent()


def test_a_batch_behind_a_file_whose_answer_is_lost() -> None:
    """What nobody knows of a row in doubt is not hidden by the file."""
    crm = Crm(states=["FAILED"])
    handle = crm.handle
    crm.portal._handle = lambda *asked: (
        reply(502) if asked[1].endswith("batch/update") else handle(*asked)
    )
    with pytest.raises(OutcomeUnknown):
        crm.write(crm.vendor("import"), numbered(3, dealname="New"))


def test_an_upload_of_which_nothing_is_told() -> None:
    """A file without an import's id is unknown; one of older answers has it by another name."""
    with pytest.raises(OutcomeUnknown, match="did not say"):
        Crm(upload=reply(200, state="STARTED")).write(
            Crm(upload=reply(200, state="STARTED")).vendor("import"), numbered(3, dealname="New")
        )
    crm = Crm(upload=reply(200, importId=7))
    crm.write(crm.vendor("import"), numbered(3, dealname="New"))
    assert crm.sent()[BATCH] == 0


@pytest.mark.parametrize("broken", [f"{FILE}/7", f"{FILE}/7/errors", READ, BATCH])
def test_what_stops_it_behind_the_file(broken: str) -> None:
    """As soon as a file was taken, whatever stops the rest leaves all of it unknown."""
    crm = Crm(errors=[FILE_WIDE] if broken == BATCH else [])
    handle = crm.handle

    def stumbling(method: str, path: str, body: Body) -> Answer:
        if path.partition("?")[0] == broken:
            return reply(405, **refusal("not now"))
        return handle(method, path, body)

    crm.portal._handle = stumbling
    with pytest.raises(OutcomeUnknown, match="not now"):
        crm.write(crm.vendor("import"), numbered(3, dealname="New"))
    with pytest.raises((Unavailable, InputError)):
        Crm(upload=reply(423, **refusal("locked"))).write(
            Crm(upload=reply(423, **refusal("locked"))).vendor("import"),
            numbered(3, dealname="New"),
        )
