"""A run can be taken back: the account is as before, but for what a person has changed since."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from migrator.errors import InputError, MigratorError
from migrator.model import Action, ObjectType, Op
from migrator.runs.target import connected
from migrator.runs.undo.undoing import foresee, go_on, undo
from migrator.sandbox import Faults, Faulty
from tests.test_every_vendor import (
    PLACES,
    TEMPLATE,
    Place,
    add_contacts,
    everyone,
    finish,
    held,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from migrator.journal import Run
    from migrator.model import Held
    from migrator.runs.undo.undoing import Undo
    from tests.support import Rehearsal

COMPANIES, CONTACTS, DEALS = ObjectType.COMPANIES, ObjectType.CONTACTS, ObjectType.DEALS
COUNT = 30
PEOPLE = ["office@example.com", *(f"p{n}@example.com" for n in range(1, COUNT + 1))]
_LATER = 600.0


@pytest.fixture(params=PLACES, ids=lambda place: place.vendor)
def rehearsal(request: pytest.FixtureRequest, tmp_path: Path) -> Rehearsal:
    """An account of each CRM, with contacts in it and some deals of an earlier load."""
    place: Place = request.param
    found = place.rehearsal(tmp_path)
    add_contacts(found, PEOPLE)
    template = found.template(TEMPLATE)
    found.load(template, found.source(everyone(5, id=lambda n: f"old{n}"), "old.csv"))
    later(found)
    return found


def later(rehearsal: Rehearsal) -> None:
    """Some time passes: quotas are whole again, clocks apart."""
    rehearsal.clock.seconds += _LATER


def load(rehearsal: Rehearsal, text: str) -> Run:
    """Load a file; the run."""
    rehearsal.load(rehearsal.template(TEMPLATE), rehearsal.source(text))
    later(rehearsal)
    return newest(rehearsal)


def newest(rehearsal: Rehearsal) -> Run:
    """The newest run."""
    space = rehearsal.workspace()
    try:
        return space.journal.run()
    finally:
        space.close()


def step(rehearsal: Rehearsal, run: Run, act: Callable[..., Any]) -> Undo:
    """One step of an undo, in a session of its own."""
    space = rehearsal.workspace()

    async def acted() -> Undo:
        async with connected(rehearsal.target, space) as session:
            result: Undo = await act(space, space.journal.run(run.id), session)
            return result

    try:
        return rehearsal.clock.run(acted())
    finally:
        space.close()


def finish_undo(rehearsal: Rehearsal, run: Run) -> Undo:
    """Undo, and go on after each stop until it is done."""
    act: Callable[..., Any] = undo
    for _ in range(60):
        try:
            return step(rehearsal, run, act)
        except MigratorError:
            rehearsal.clock.seconds += 60
            if newest(rehearsal).settings.get("undoes"):
                run, act = newest(rehearsal), go_on
    raise AssertionError("the undo did not end")


def everything(rehearsal: Rehearsal) -> Mapping[str, Any]:
    """All that is in the account, but for ids and times."""
    companies = rehearsal.sandbox.records("companies")
    return {
        "deals": sorted(
            (str(one.key), sorted(_told(one)), {k: len(v) for k, v in one.links.items() if v})
            for one in held(rehearsal)
        ),
        "companies": Counter(str(one.get("name")) for one in companies),
        "contacts": len(rehearsal.sandbox.records("contacts")),
    }


def _told(one: Held) -> list[tuple[str, str]]:
    """Fields that a person fills in; a CRM may keep a blank as nothing or as an empty text."""
    own = ("date", "updated", "created", "hs_", "id", "hash", "winprob", "time", "last", "isclosed")
    return [
        (name, value)
        for name, value in one.properties.items()
        if value not in {None, ""} and not any(word in name.lower() for word in own)
    ]


def edit(rehearsal: Rehearsal, run: Run, keys: Sequence[str], **values: str) -> None:
    """Another hand changes deals, by canonical field."""
    space = rehearsal.workspace()
    fields = {of: name for name, of in run.settings["origin"].items()}

    async def write() -> None:
        async with connected(rehearsal.target, space) as session:
            vendor = session.vendor
            await session.account([DEALS])
            found = await vendor.find(DEALS, keys)
            properties = {fields[of]: value for of, value in values.items()}
            ops = [
                Op(n, DEALS, Action.UPDATE, key, found[key].id, properties)
                for n, key in enumerate(keys, 1)
            ]
            size = vendor.capabilities.batch[DEALS, Action.UPDATE]
            for start in range(0, len(ops), size):
                await vendor.write(DEALS, Action.UPDATE, ops[start : start + size])

    rehearsal.clock.run(write())
    space.close()
    later(rehearsal)


def listed(result: Undo, name: str) -> list[dict[str, str]]:
    """One of an undo's lists."""
    if name not in result.files:
        return []
    with Path(result.files[name]).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_load_verify_edit_undo(rehearsal: Rehearsal) -> None:
    """The account is as before, but for the five deals that a person edited; these are listed."""
    before = everything(rehearsal)
    text = everyone(COUNT, company=lambda n: f"Firm {n % 4}" if n > 5 else "Kept Ltd")
    run = load(rehearsal, text)
    assert rehearsal.verify().agrees
    later(rehearsal)
    edited = [f"k{n}" for n in range(1, 6)]
    edit(rehearsal, run, edited, amount="77.25")
    foreseen = step(rehearsal, run, foresee)
    # The company of the five is linked to deals that stay, so it is kept as well.
    assert (foreseen.ops["delete"], foreseen.kept, foreseen.gone) == (COUNT - 5, 5 + 1, 0)
    assert len(held(rehearsal)) == COUNT + 5  # a dry run is dry

    result = step(rehearsal, run, undo)
    assert (result.ops["delete"], result.kept, result.failed) == (COUNT - 5, 5 + 1, 0)
    assert not result.complete
    kept = listed(result, "kept")
    assert {row["key"] for row in kept if row["type"] == "deals"} == set(edited)
    assert len(listed(result, "reversed")) == COUNT - 5 + result.ops["parents"]
    assert listed(result, "failed") == []
    after = everything(rehearsal)
    assert [one for one in after["deals"] if one[0] not in edited] == before["deals"]
    assert {one[0] for one in after["deals"]} == {*edited, *(f"old{n}" for n in range(1, 6))}
    assert after["companies"] == before["companies"] + Counter(["Kept Ltd"])
    assert after["contacts"] == before["contacts"]


def test_an_untouched_run_leaves_nothing_behind(rehearsal: Rehearsal) -> None:
    """Everything that a run created is gone, everything that it changed is as before."""
    first = load(rehearsal, everyone(COUNT, segment=lambda n: f"Old {n}" if n % 2 else ""))
    before = everything(rehearsal)
    changed = everyone(
        COUNT + 4,
        amount=lambda n: f"{n * 3}.25",
        stage=lambda n: ["Won", "Lost", "Due"][n % 3],
        contact=lambda n: f"p{n % 9 + 1}@example.com",
        company=lambda n: f"Firm {n % 3}",
    )
    run = load(rehearsal, changed)
    assert everything(rehearsal) != before
    result = step(rehearsal, run, undo)
    assert (result.kept, result.failed) == (0, 0), (
        listed(result, "kept"),
        listed(result, "failed"),
    )
    assert result.ops["delete"] == 4
    assert result.ops["update"] == COUNT
    later(rehearsal)
    assert everything(rehearsal) == before
    assert newest(rehearsal).settings["undoes"] == run.id
    assert rehearsal.verify().agrees
    assert first.id != run.id


def test_fields_a_person_changed_stay_and_the_others_go_back(rehearsal: Rehearsal) -> None:
    """Of one record some fields are restored, and the one that was edited is kept."""
    load(rehearsal, everyone(3))
    run = load(rehearsal, everyone(3, amount=lambda _: "500.00", region=lambda _: "North"))
    edit(rehearsal, run, ["k2"], amount="77.25")
    result = step(rehearsal, run, undo)
    assert result.kept == 1
    (kept,) = listed(result, "kept")
    assert (kept["key"], float(kept["wrote"])) == ("k2", 500.0)
    found = {str(one.key): one.properties for one in held(rehearsal)}
    fields = {of: name for name, of in run.settings["origin"].items()}
    amount, region = fields["amount"], fields["custom.region"]
    assert [found[f"k{n}"][region] for n in (1, 2, 3)] == ["Region 1", "Region 2", "Region 3"]
    assert float(str(found["k1"][amount])) != float(str(found["k2"][amount]))


def test_a_record_that_is_gone_is_no_obstacle(rehearsal: Rehearsal) -> None:
    """What somebody deleted meanwhile counts as gone; deleting the rest goes on."""
    run = load(rehearsal, everyone(6))
    space = rehearsal.workspace()

    async def delete() -> None:
        async with connected(rehearsal.target, space) as session:
            await session.account([DEALS])
            found = await session.vendor.find(DEALS, ["k1", "k2"])
            for key, one in found.items():
                op = Op(1, DEALS, Action.DELETE, key, one.id, {})
                await session.vendor.write(DEALS, Action.DELETE, [op])

    rehearsal.clock.run(delete())
    space.close()
    result = step(rehearsal, run, undo)
    assert (result.gone, result.ops["delete"], result.complete) == (2, 4, True)


@pytest.mark.parametrize("fault", ["lost_before", "lost_after", "status_500", "cut"])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.vendor)
def test_an_undo_goes_on_after_every_kind_of_stop(place: Place, fault: str, tmp_path: Path) -> None:
    """Requests that go astray neither leave a record behind nor restore one wrongly."""
    rehearsal = place.rehearsal(tmp_path)
    add_contacts(rehearsal, PEOPLE)
    load(rehearsal, everyone(8, id=lambda n: f"k{n + 4}"))
    before = everything(rehearsal)
    run = load(rehearsal, everyone(12, amount=lambda n: f"{n}.75", company=lambda n: f"F{n % 2}"))
    faults = Faults(at=dict.fromkeys(range(3, 40, 4), fault))
    sandbox = rehearsal.sandbox
    rehearsal.sandbox = Faulty(sandbox, faults, sleep=lambda _: None)
    result = finish_undo(rehearsal, run)
    rehearsal.sandbox = sandbox
    later(rehearsal)
    assert result.complete, (listed(result, "kept"), listed(result, "failed"))
    assert everything(rehearsal) == before


def test_after_an_undo_the_run_is_closed_and_the_file_can_be_loaded_again(
    rehearsal: Rehearsal,
) -> None:
    """A run that was taken back is neither resumed, verified nor undone; a new one starts anew."""
    text = everyone(4)
    run = load(rehearsal, text)
    step(rehearsal, run, undo)
    for act in (undo, foresee):
        with pytest.raises(InputError, match="is taken back by"):
            step(rehearsal, run, act)
    with pytest.raises(InputError, match="was undone by"):
        rehearsal.execute(run)
    with pytest.raises(InputError, match="is itself the undo of"):
        step(rehearsal, newest(rehearsal), undo)
    later(rehearsal)
    again = load(rehearsal, text)
    assert rehearsal.verify().agrees
    assert {one.key for one in held(rehearsal)} >= {f"k{n}" for n in range(1, 5)}
    assert again.id != run.id


def test_a_run_that_wrote_nothing_has_nothing_to_undo(rehearsal: Rehearsal) -> None:
    """Said at once, without a request that writes."""
    load(rehearsal, everyone(3))
    run = load(rehearsal, everyone(3))
    with pytest.raises(InputError, match="has written nothing"):
        step(rehearsal, run, undo)


def test_a_parent_found_in_the_account_is_never_deleted(tmp_path: Path) -> None:
    """A company that somebody else made between plan and load is linked, and stays."""
    rehearsal = PLACES[0].rehearsal(tmp_path)
    planned = rehearsal.plan(
        rehearsal.template(TEMPLATE.replace("park", "create")),
        rehearsal.source(everyone(2, contact=lambda _: "new@example.com")),
    )
    rehearsal.stranger().post(
        "/crm/v3/objects/contacts", json={"properties": {"email": "new@example.com"}}
    )
    finish(rehearsal, planned.run)
    later(rehearsal)
    result = step(rehearsal, planned.run, undo)
    assert (result.ops["delete"], result.ops["parents"]) == (2, 0)
    assert len(rehearsal.sandbox.records("contacts")) == 1
