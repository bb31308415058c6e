"""Rows that a source has no more: counted, listed, and deleted only within a limit; and guards."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from migrator.errors import InputError
from migrator.journal import Feed
from migrator.model import ObjectType, OpState
from migrator.runs.limits import Limit
from tests.nights import Dying, Killed, Nights
from tests.support import deals
from tests.test_every_vendor import PLACES, TEMPLATE, add_contacts
from tests.test_nightly import SIMPLE, rows

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import httpx

    from migrator.report import Report
    from tests.test_every_vendor import Place as Crm

HALF = Limit(50, percent=True)


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    """An account in which a feed of six deals was loaded."""
    nights = Nights(tmp_path)
    nights.night(nights.template(SIMPLE), nights.source(deals(6)))
    return nights


def some(numbers: Collection[int], **columns: Any) -> str:
    """The file of :func:`deals` with these deals alone."""
    head, *lines = deals(max(numbers, default=1), **columns).splitlines()
    return "\n".join([head, *(lines[n - 1] for n in sorted(numbers))]) + "\n"


def load(nights: Nights, text: str, **asked: Any) -> Report:
    """The next night."""
    return nights.night(str(nights.folder / "template.yaml"), nights.source(text), **asked)


def missing(report: Report) -> list[dict[str, str]]:
    """The list of what is missing."""
    with open(report.files["missing"], encoding="utf-8", newline="") as stream:  # noqa: PTH123
        return list(csv.DictReader(stream))


def remembered(nights: Nights) -> int:
    """How many keys the memory has."""
    feed = Feed(nights.vendor, nights.account().id, "feed", ObjectType.DEALS)
    return int(nights.journal(lambda journal: journal.memory.count(feed)))


def test_what_is_missing_is_counted_and_listed_and_stays(nights: Nights) -> None:
    """Without --mirror nothing is deleted; the list names key, id and the run that had it last."""
    first = nights.journal(lambda journal: journal.run().id)
    report = load(nights, some({1, 2, 3, 5}))
    assert (report.missing, report.deleted) == (2, 0)
    listed = missing(report)
    assert [(row["key"], row["last_run"]) for row in listed] == [("k4", first), ("k6", first)]
    ids = {deal["migrator_key"]: deal["id"] for deal in nights.sandbox.records("deals")}
    assert [row["id"] for row in listed] == [ids["k4"], ids["k6"]]
    assert len(ids) == 6
    whole = load(nights, deals(6))
    assert whole.missing == 0
    assert "missing" not in whole.files


def test_a_mirror_deletes_what_is_missing(nights: Nights) -> None:
    """Within the limit the missing records go; the books add up and the memory forgets them."""
    report = load(nights, some({1, 2, 3, 5, 7}), mirror=HALF)
    assert nights.keys() == ["k1", "k2", "k3", "k5", "k7"]
    assert (report.missing, report.deleted, report.rows["created"]) == (2, 2, 1)
    assert report.adds_up
    assert report.turned_down == 0
    assert remembered(nights) == 5
    assert nights.verify().agrees
    again = load(nights, some({1, 2, 3, 5, 7}), mirror=HALF, changed_only=True)
    assert (again.missing, again.remembered) == (0, 5)
    id_map = (nights.folder / ".migrator" / "runs" / report.run / "id_map.csv").read_text()
    assert "k4" not in id_map


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.vendor)
def test_every_crm_can_be_mirrored(place: Crm, tmp_path: Path) -> None:
    """Deletions reach each CRM, also when nothing else is to be asked or written."""
    nights = Nights(tmp_path, place.options, place.vendor, place.settings)
    add_contacts(nights, ["office@example.com"])
    template = nights.template(TEMPLATE)
    nights.night(template, nights.source(rows(6)))
    kept = "\n".join(rows(6).splitlines()[:5]) + "\n"  # the header and four deals
    report = nights.night(template, nights.source(kept), mirror=Limit(2), changed_only=True)
    assert (report.deleted, report.remembered) == (2, 4)
    assert nights.keys() == [f"k{n}" for n in range(1, 5)]


@pytest.mark.parametrize(
    ("limit", "allowed"),
    [(Limit(2), False), (Limit(3), True), (HALF, True), (Limit(49, percent=True), False)],
    ids=str,
)
def test_a_mirror_with_too_much_to_delete_does_nothing(
    nights: Nights, limit: Limit, *, allowed: bool
) -> None:
    """More than the limit is refused as a whole: no create, no update, no delete."""
    text = some({1, 2, 3, 9}, amount=lambda n: f"{n}.75")
    if allowed:
        assert load(nights, text, mirror=limit).deleted == 3
        return
    before = nights.sandbox.records("deals")
    with pytest.raises(InputError, match=r"3 of 6 records .* --mirror .*missing\.csv"):
        load(nights, text, mirror=limit)
    assert nights.sandbox.records("deals") == before
    assert remembered(nights) == 6


def test_a_rejected_row_is_not_missing(nights: Nights) -> None:
    """A row that is in the source and cannot be loaded keeps its record, by file or by account."""
    bad = deals(6, stage=lambda n: "Nowhere" if n == 4 else "Qualified To Buy")
    report = load(
        nights, bad.replace("k6,Deal 6", "k6,Deal 6").replace(",6.50", ",much"), mirror=HALF
    )
    assert (report.rows["rejected"], report.missing, report.deleted) == (2, 0, 0)
    assert len(nights.keys()) == 6


@pytest.mark.parametrize("damage", ["k4,Deal 4,Qualified To Buy,4.50,more", ",Deal 4,x,4.50"])
def test_a_mirror_needs_every_key(nights: Nights, damage: str) -> None:
    """With a row whose key cannot be relied on nobody knows what is missing: nothing is deleted."""
    text = deals(6).replace("k4,Deal 4,Qualified To Buy,4.50", damage).replace("k6,", "k9,")
    with pytest.raises(InputError, match=r"^1 row was turned down whose key cannot be read"):
        load(nights, text, mirror=HALF)
    assert len(nights.keys()) == 6
    report = load(nights, text)
    assert report.deleted == 0
    assert "k6" in {row["key"] for row in missing(report)}


def test_what_somebody_deleted_or_took_over_is_left_alone(nights: Nights) -> None:
    """A missing record that is gone, or has lost our key, is forgotten without a request."""
    ids = {deal["migrator_key"]: deal["id"] for deal in nights.sandbox.records("deals")}
    with nights.stranger() as stranger:
        path = "/crm/v3/objects/deals"
        stranger.delete(f"{path}/{ids['k5']}").raise_for_status()
        theirs = {"properties": {"migrator_key": ""}}
        stranger.patch(f"{path}/{ids['k6']}", json=theirs).raise_for_status()
    report = load(nights, deals(4), mirror=HALF)
    assert (report.missing, report.deleted, report.turned_down) == (2, 0, 0)
    assert ids["k6"] in {deal["id"] for deal in nights.sandbox.records("deals")}
    assert remembered(nights) == 4


def test_the_deleted_values_stay_in_the_books(nights: Nights) -> None:
    """What a deleted record held is in the journal: no CRM tells it afterwards."""
    load(nights, deals(5), mirror=HALF)
    (deletion,) = nights.journal(
        lambda journal: [
            one for one in journal.finished(journal.run().id) if one.op.action == "delete"
        ]
    )
    assert deletion.op.before["amount"] == "6.5"
    assert deletion.op.before["dealname"] == "Deal 6"
    assert deletion.op.state is OpState.WRITTEN


def test_a_mirror_that_was_killed_goes_on(nights: Nights) -> None:
    """Killed between a deletion and its answer, it ends with everything deleted once."""

    def deletes(request: httpx.Request) -> bool:
        return request.url.path.endswith("batch/archive")

    inner = nights.wrap
    nights.wrap = lambda transport: Dying(transport, deletes, 1)
    with pytest.raises(Killed):
        load(nights, deals(4), mirror=HALF)
    nights.wrap = inner
    report = nights.execute(nights.journal(lambda journal: journal.run()))
    assert (report.deleted, report.state) == (2, "finished")
    assert nights.keys() == [f"k{n}" for n in range(1, 5)]
    assert remembered(nights) == 4


def test_a_first_night_misses_nothing(tmp_path: Path) -> None:
    """A feed without a memory has nothing to miss, and a mirror nothing to delete."""
    nights = Nights(tmp_path)
    nights.template(SIMPLE)
    assert load(nights, deals(3), mirror=Limit(0)).missing == 0


# -- guards ----------------------------------------------------------------------------------------


def test_a_source_that_is_too_short_is_refused(nights: Nights) -> None:
    """Fewer rows than --guard-min-rows: no request is sent at all; as many are enough."""
    with pytest.raises(InputError, match=r"5 rows.*--guard-min-rows expects 6"):
        load(nights, deals(5), min_rows=6)
    spent = nights.cost_of(lambda: refused(nights, deals(5), min_rows=6))
    assert not spent
    assert load(nights, deals(6), min_rows=6).rows["unchanged"] == 6


def refused(nights: Nights, text: str, **asked: Any) -> None:
    """A night that comes to nothing."""
    with pytest.raises(InputError):
        load(nights, text, **asked)


@pytest.mark.parametrize(
    ("limit", "rows_now", "allowed"),
    [
        (Limit(30, percent=True), 4, False),
        (Limit(34, percent=True), 4, True),
        (Limit(1), 4, False),
        (Limit(2), 4, True),
        (Limit(0), 6, True),
        (Limit(0), 9, True),
    ],
    ids=str,
)
def test_a_source_that_shrank_is_refused(
    nights: Nights, limit: Limit, rows_now: int, *, allowed: bool
) -> None:
    """Against the last finished run of the feed; nothing is written, the text says how to go on."""
    if allowed:
        assert load(nights, deals(rows_now), max_drop=limit).adds_up
        return
    before = nights.sandbox.requests.copy()
    with pytest.raises(InputError, match=r"4 rows.*had 6.*2 or 33% fewer.*--guard-max-drop"):
        load(nights, deals(rows_now, amount=lambda _: "7"), max_drop=limit)
    assert not [name for name in nights.sandbox.requests - before if "update" in name]
    assert load(nights, deals(rows_now)).rows["unchanged"] == 4


def test_a_drop_is_measured_against_finished_runs_of_the_feed(nights: Nights) -> None:
    """Neither a plan nor another feed is what a night is compared with."""
    other = nights.folder / "other.yaml"
    other.write_text(SIMPLE.replace("name: feed", "name: other"), encoding="utf-8")
    big = nights.source(deals(50), "big.csv")
    nights.plan(str(nights.folder / "template.yaml"), big)
    assert nights.night(str(other), nights.source(deals(2)), max_drop=Limit(0)).adds_up
    assert load(nights, deals(6), max_drop=Limit(0)).adds_up


def test_the_settings_of_a_night_are_plain_data(nights: Nights) -> None:
    """A resume finds in the journal what the night was asked."""
    report = load(nights, deals(6), mirror=HALF, changed_only=True)
    found = nights.journal(lambda journal: journal.run(report.run).settings)
    assert json.loads(json.dumps(found["mirror"])) == {"value": 50.0, "percent": True}
    assert found["changed_only"] is True
    assert found["keyless"] is False
