"""Whole loads into Brevo when several things go wrong at once: no deal twice, none lost."""

from __future__ import annotations

from collections import Counter
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import OutcomeUnknown, Unavailable
from migrator.model import Action
from tests.brevo_double import CONTACTS, DEALS, Shelf, fixed, op, opened
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
