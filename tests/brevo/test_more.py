"""Whole loads into Brevo when several things go wrong at once: no deal twice, none lost."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import OutcomeUnknown, Unavailable
from migrator.model import Action, Link, Op, OpState
from migrator.vendors.brevo import files
from migrator.vendors.brevo.files import Layout, fitting, written
from migrator.vendors.brevo.links import learn
from migrator.vendors.brevo.options import BrevoOptions
from migrator.vendors.brevo.schema import Schema
from migrator.vendors.brevo.session import Session
from migrator.vendors.brevo.settle import Gap
from tests.brevo.bench import Bench, bench, deals, updates
from tests.brevo.double import ATTRIBUTES, CONTACTS, DEALS, Shelf, fixed, op, opened, path
from tests.support import Rehearsal
from tests.test_every_vendor import TEMPLATE, add_contacts, everyone
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.journal import Run

COUNT = 12
ONCE = Counter(f"k{n}" for n in range(1, COUNT + 1))
PIPELINES = {"Renewals": ["Due", "Won", "Lost"]}
UPLOAD = "POST /crm/deals/import"
HIDDEN = {"process_visible": False}


class Killed(BaseException):
    """The process dies."""


class Spoilt(httpx.AsyncBaseTransport):
    """Answers have a Date as a real server's have; the answers to uploads go as they are told.

    ``fates`` = per upload ``429`` (it never arrives), ``lost`` or ``killed`` (its answer does not),
    ``null`` (it names no process).
    """

    def __init__(self, rehearsal: Rehearsal, *fates: str) -> None:
        self._rehearsal = rehearsal
        self._fates = list(fates)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        upload = f"{request.method} {request.url.path}" == UPLOAD
        fate = self._fates.pop(0) if upload and self._fates else ""
        if fate == "429":
            return httpx.Response(429, json={"message": "too many"})
        response = self._rehearsal.answer(request)
        if fate == "lost":
            raise httpx.ReadError(fate)
        if fate == "killed":
            raise Killed
        if fate == "null":
            response = httpx.Response(200, json={"processId": None})
        response.headers["Date"] = format_datetime(self._rehearsal.clock.now(), usegmt=True)
        return response


def account(folder: Path, **options: Any) -> Rehearsal:
    """An empty account without a quota."""
    given = {"limits": False, "pipelines": PIPELINES, **options}
    return Rehearsal(folder, given, "brevo", {"crm_per_hour": "100000"})


def planned(rehearsal: Rehearsal, *, contacts: str = "park", **columns: Any) -> Run:
    """A plan of deals, each with a contact, three companies among them."""
    if contacts == "park":
        add_contacts(rehearsal, [f"p{n}@example.com" for n in range(1, COUNT + 1)])
    text = everyone(COUNT, **{"company": lambda n: f"Firm {n % 3}", **columns})
    template = rehearsal.template(TEMPLATE.replace("on_missing: park", f"on_missing: {contacts}"))
    return rehearsal.plan(template, rehearsal.source(text)).run


def spoil(rehearsal: Rehearsal, *fates: str) -> None:
    """From now on uploads go as they are told."""
    rehearsal.wrap = lambda _: Spoilt(rehearsal, *fates)


def keys(rehearsal: Rehearsal) -> Counter[str]:
    """Keys of the deals, when all imports have long ended."""
    rehearsal.clock.seconds += 20_000
    rehearsal.stranger().get("/crm/deals")
    return Counter(rehearsal.keys())


def uploads(rehearsal: Rehearsal) -> int:
    """How many files of deals arrived."""
    return int(rehearsal.sandbox.requests[UPLOAD])


def test_a_wait_for_the_quota_does_not_count_as_a_wait_for_the_import(tmp_path: Path) -> None:
    """A file that left an hour after it was made ready, and is lost, is given its full time."""
    rehearsal = account(tmp_path, import_delay=600, **HIDDEN)
    run = planned(rehearsal)
    spoil(rehearsal, "429", "lost")
    report = rehearsal.execute(run)
    assert report.rows["created"] == COUNT
    assert keys(rehearsal) == ONCE
    assert uploads(rehearsal) == 1


@pytest.mark.parametrize("fate", ["lost", "killed"])
def test_imports_of_contacts_prove_nothing_of_imports_of_deals(tmp_path: Path, fate: str) -> None:
    """Processes of contacts are shown, those of deals are not: an upload is not taken for lost."""
    rehearsal = account(tmp_path, import_delay=200, **HIDDEN)
    run = planned(rehearsal, contacts="create")
    spoil(rehearsal, fate)
    try:
        rehearsal.execute(run)
    except Killed:
        rehearsal.execute(run)
    assert keys(rehearsal) == ONCE
    assert uploads(rehearsal) == 1
    assert rehearsal.verify().agrees


@pytest.mark.parametrize("again", ["anew", "planned"])
def test_starting_anew_after_a_kill_doubles_nothing(tmp_path: Path, again: str) -> None:
    """Whoever starts a killed run again instead of resuming it waits for its file all the same."""
    rehearsal = account(tmp_path, import_delay=300)
    run = planned(rehearsal)
    spoil(rehearsal, "killed")
    with pytest.raises(Killed):
        rehearsal.execute(run)
    files = (str(tmp_path / "template.yaml"), str(tmp_path / "deals.csv"))
    if again == "anew":
        rehearsal.load(*files)
    else:
        rehearsal.execute(rehearsal.plan(*files).run)
    assert keys(rehearsal) == ONCE
    assert uploads(rehearsal) == 1
    assert any(run.id in line for line in rehearsal.said)
    assert rehearsal.verify().agrees
    assert rehearsal.execute(run).rows["created"] == COUNT
    assert keys(rehearsal) == ONCE


@pytest.mark.parametrize(
    "columns",
    [
        {"amount": lambda n: f"{n + 1}.25"},
        {"contact": lambda n: f"p{n % COUNT + 1}@example.com"},
    ],
    ids=["values", "links"],
)
def test_updates_whose_process_has_no_id(tmp_path: Path, columns: dict[str, Any]) -> None:
    """Files that are taken without an id are read back, not sent again and again."""
    rehearsal = account(tmp_path)
    rehearsal.execute(planned(rehearsal))
    run = planned(rehearsal, **columns)
    rehearsal.sandbox.requests.clear()
    spoil(rehearsal, "null")
    report = rehearsal.execute(run)
    assert report.rows["updated"] == COUNT
    assert uploads(rehearsal) == 1
    rehearsal.clock.seconds += 3600
    assert rehearsal.verify().agrees


def test_fields_that_brevo_names_otherwise(tmp_path: Path) -> None:
    """A plan is made anew when new fields got other names, and verify finds what was written."""
    rehearsal = account(tmp_path, internal_names="numbered")
    report = rehearsal.execute(planned(rehearsal))
    assert report.rows["created"] == COUNT
    assert report.adds_up
    verified = rehearsal.verify()
    assert verified.agrees, verified.examples
    again = planned(rehearsal)
    assert rehearsal.execute(again).rows["unchanged"] == COUNT


@pytest.mark.parametrize("what", ["POST /crm/deals", "PATCH /crm/deals/id-a"])
def test_an_answer_that_is_no_record(what: str) -> None:
    """An empty answer where a record should be is no word on what was written."""
    clock = VirtualClock()
    answers = {what: fixed(200, {"id": "id-a"}), "GET /crm/deals/id-a": fixed(200, {})}
    vendor = opened(clock, Shelf(clock, answers=answers).handle)
    one = op("a") if "POST" in what else op("a", action=Action.UPDATE, amount="1")
    with pytest.raises((OutcomeUnknown, Unavailable), match="no id"):
        clock.run(vendor.write(DEALS, one.action, [one]))


def test_contacts_without_an_id() -> None:
    """A contact that a list or an answer shows without an id is none that could be linked."""
    clock = VirtualClock()
    answers = {
        "GET /contacts": fixed(200, {"contacts": [{"email": "a@x.org"}], "count": 1}),
        "GET /contacts/a@x.org": fixed(200, {"email": "a@x.org"}),
    }
    vendor = opened(clock, Shelf(clock, answers=answers).handle)
    assert clock.run(vendor.resolve(CONTACTS, ["a@x.org", "b@x.org"])) == {}
    with pytest.raises(Unavailable, match="no id"):
        clock.run(vendor.resolve(CONTACTS, ["a@x.org"]))


@pytest.mark.parametrize("gone", [1, 3])
def test_contacts_while_others_delete(gone: int) -> None:
    """Contacts that move up in the list while it is read are found all the same."""
    clock = VirtualClock()
    people = [{"id": n, "email": f"p{n}@x.org"} for n in range(1, 31)]

    def listed(request: httpx.Request) -> httpx.Response:
        offset, limit = (int(request.url.params[name]) for name in ("offset", "limit"))
        content = {"contacts": people[offset : offset + limit], "count": len(people)}
        if len(people) == 30:
            del people[:gone]
        return httpx.Response(200, json=content)

    answers = {"GET /contacts": listed, "GET /contacts/p30@x.org": fixed(200, people[-1])}
    vendor = opened(clock, Shelf(clock, answers=answers).handle, page=10)
    found = clock.run(vendor.resolve(CONTACTS, [f"p{n}@x.org" for n in range(1, 31)]))
    assert sorted(int(id_) for (id_,) in found.values()) == list(range(1, 31))


# -- what import files are written like --------------------------------------------------------


def choosing(settings: dict[str, str], **options: Any) -> tuple[Bench, dict[str, str]]:
    """An account with a choice of one and a choice of several; and keys by label."""
    desk = bench(settings, **options)
    client = httpx.Client(
        transport=httpx.MockTransport(desk.sandbox.handle),
        base_url="http://x.test",
        headers={"api-key": "x"},
    )
    for label, kind in (("Tier", "single-select"), ("Tags", "multi-choice")):
        content = {"objectType": "deals", "attributeType": kind, "label": label}
        labels = [f"{label} one", f"{label} two"]
        client.post("/crm/attributes", json={**content, "optionsLabels": labels})
    fields = desk.run(desk.vendor.describe([DEALS])).fields[DEALS]
    named = {label: key for name in ("tier", "tags") for key, label in fields[name].options.items()}
    return desk, named


def filled(count: int, **properties: str) -> list[Op]:
    """Creates that all have these."""
    return [op(f"k{i}", action=Action.CREATE, **properties) for i in range(count)]


@pytest.mark.parametrize("form", ["iso", "dd-mm-yyyy", "mm-dd-yyyy"])
def test_days_go_as_brevo_wants_them(form: str) -> None:
    """Days in a file take the form asked for, and instants stay: all is there without mending."""
    desk = bench({"import_date": form}, import_date=form)
    ops = filled(5, close_date="2026-03-31")
    ops[0] = op("k0", close_date="2026-03-31T09:00:00Z")
    outcomes = desk.write(ops)
    assert {(o.state, o.code) for o in outcomes.values()} == {(OpState.WRITTEN, "")}
    dates = {d["migrator_key"]: d["close_date"] for d in desk.sandbox.records("deals")}
    expected = dict.fromkeys(outcomes, "2026-03-31T00:00:00Z")
    assert dates == {**expected, "k0": "2026-03-31T09:00:00Z"}
    changed = desk.write(updates(outcomes, close_date="2026-04-01"))
    assert {(o.state, o.code) for o in changed.values()} == {(OpState.WRITTEN, "")}
    assert desk.counts()[UPLOAD] == 2
    assert not any("PATCH" in name for name in desk.counts())


@pytest.mark.parametrize("named", ["key", "label"])
@pytest.mark.parametrize("separator", [",", "|"])
def test_choices_go_as_brevo_wants_them(named: str, separator: str) -> None:
    """Options of a choice go by key or label, and several of them apart; owners go by id."""
    settings = {"import_choice": named, "import_choice_separator": separator}
    settings["associated_separator"] = separator
    desk, keys = choosing(settings, import_choice_as=named, associated_separator=separator)
    both = f"{keys['Tags one']};{keys['Tags two']}"
    owner = desk.account.owners[0].id
    outcomes = desk.write(filled(5, tier=keys["Tier two"], tags=both, deal_owner=owner))
    assert {(o.state, o.code) for o in outcomes.values()} == {(OpState.WRITTEN, "")}
    assert desk.counts()[UPLOAD] == 1
    assert not any("PATCH" in name for name in desk.counts())
    (upload,) = (r for r in desk.sent if path(r) == UPLOAD)
    assert owner.encode() in upload.content


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"close_date": "2026-03-31"}, {"import_date"}),
        ({"tier": "Tier one"}, {"import_choice"}),
        ({"tags": "Tags one"}, {"import_choice"}),
        ({"tags": "Tags one;Tags two"}, {"import_choice", "import_choice_separator"}),
        ({"close_date": "no day"}, set()),
    ],
)
def test_what_may_be_to_blame_is_named(properties: dict[str, str], told: set[str]) -> None:
    """A row that an import left out names the options that could be at fault, and no others."""
    options = {"import_date": "dd-mm-yyyy", "import_choice_as": "label"}
    desk, keys = choosing({}, **options, bad_value="drop_row")
    text = {name: ";".join(keys.get(one, one) for one in value.split(";"))
            for name, value in properties.items()}  # fmt: skip
    named = {"import_date", "import_choice", "import_choice_separator", "import_stage"}
    created = desk.write(filled(30, **text))
    changed = desk.write(updates(desk.write(deals(30)), **text))
    for one in [*created.values(), *changed.values()]:
        assert one.code == "not_imported"
        assert set(re.findall(r"\w+_\w+", one.message)) & named == told


# -- links -------------------------------------------------------------------------------------


def test_one_contact_that_is_gone_proves_nothing() -> None:
    """The only link of a file leads nowhere: the next file names contacts as before."""
    desk = bench()
    people = desk.people("a@x.org")
    ops = deals(5)
    ops[0] = op("k0", Link(CONTACTS, "z@x.org", "424242"))
    assert desk.write(ops)["k0"].code == "link_refused"
    desk.sent.clear()
    link = Link(CONTACTS, "a@x.org", people["a@x.org"])
    outcomes = desk.write([op(f"m{i}", link) for i in range(5)])
    assert not any(outcome.code for outcome in outcomes.values())
    assert desk.counts()[UPLOAD] == 1
    assert not any("link-unlink" in name for name in desk.counts())


@pytest.mark.parametrize(("gone", "turned"), [(1, False), (2, False), (3, True)])
def test_most_links_of_a_file_must_fail(gone: int, turned: bool) -> None:
    """Another way of naming is taken after more than half of a file's links did not come out."""
    session = Session(httpx.AsyncClient(), VirtualClock(), BrevoOptions())
    ops = [op(f"k{i}", Link(CONTACTS, f"{i}@x.org", str(i))) for i in range(4)]
    gaps = {one.key: Gap((), one.links if i < gone else ()) for i, one in enumerate(ops)}
    assert learn(session, ops, gaps) is turned
    assert session.named_by[CONTACTS] == ("email" if turned else "id")


# -- files that would be too large ---------------------------------------------------------------


def test_a_file_ends_below_its_bound() -> None:
    """A file has as many rows as 20 MB hold, counted as they leave; and one row always."""
    schema = Schema(DEALS, ATTRIBUTES)
    heavy = [op(f"k{i}", amount="é" * 1_500_000) for i in range(10)]
    content, rows = fitting(heavy, Layout(schema), with_ids=False)
    assert [one.key for one in rows] == [f"k{i}" for i in range(6)]
    assert 18_000_000 < len(content) <= 20_000_000
    assert content == written(rows, Layout(schema), with_ids=False)
    (heaviest,) = fitting(
        [op("k", amount="x" * 21_000_000), *heavy], Layout(schema), with_ids=False
    )[1]
    assert heaviest.key == "k"


@pytest.mark.parametrize(
    "fates",
    [(), ("killed",), ("", "killed"), ("lost",), ("", "lost"), ("429", "", "killed")],
    ids="-".join,
)
def test_rows_that_do_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fates: tuple[str, ...]
) -> None:
    """They go in a file of their own, after the first: no deal twice, none lost, none refused."""
    monkeypatch.setattr(files, "MOST", 700)
    rehearsal = account(tmp_path, import_delay=100)
    run = planned(rehearsal)
    spoil(rehearsal, *fates)
    try:
        report = rehearsal.execute(run)
    except Killed:
        spoil(rehearsal)
        report = rehearsal.execute(run)
    assert report.rows["created"] == COUNT
    assert keys(rehearsal) == ONCE
    assert uploads(rehearsal) == 2
    assert rehearsal.verify().agrees


def test_changes_that_do_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes of deals that are there go in several files too, and all come out."""
    rehearsal = account(tmp_path)
    rehearsal.execute(planned(rehearsal))
    run = planned(rehearsal, amount=lambda n: f"{n + 1}.25")
    rehearsal.sandbox.requests.clear()
    monkeypatch.setattr(files, "MOST", 230)
    assert rehearsal.execute(run).rows["updated"] == COUNT
    assert uploads(rehearsal) == 2
    assert not rehearsal.sandbox.requests["PATCH /crm/deals/{id}"]
    assert rehearsal.verify().agrees


def test_links_that_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Links of deals that are there go in one file after the other."""
    desk = bench()
    people = desk.people("a@x.org")
    outcomes = desk.write(deals(COUNT))
    desk.sent.clear()
    monkeypatch.setattr(files, "MOST", 150)
    link = Link(CONTACTS, "a@x.org", people["a@x.org"])
    ops = [replace(one, links=(link,)) for one in updates(outcomes)]
    assert {o.state for o in desk.run(desk.vendor.link(ops))} == {OpState.WRITTEN}
    assert desk.counts()[UPLOAD] > 1
    assert not any("link-unlink" in name for name in desk.counts())
    assert all(desk.links_of(key) == [link.id] for key in outcomes)
