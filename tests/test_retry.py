"""A retry loads mended rows and no others, under the books of the run that turned them down."""

from __future__ import annotations

import csv
import json
import random
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.errors import InputError, Stopped
from migrator.journal import RunState
from migrator.report import as_text
from migrator.runs.limits import Limit
from tests.mending import Mender, Row
from tests.support import TEMPLATE, deals

if TYPE_CHECKING:
    from migrator.report import Report

STAGE = "Qualified To Buy"


@pytest.fixture
def mender(tmp_path: Path) -> Mender:
    """A sandbox, an empty workspace and a spreadsheet."""
    return Mender(tmp_path)


def bad_deals(count: int, wrong: set[int]) -> str:
    """Deals of which some have a stage that does not exist."""
    return deals(count, stage=lambda n: "Nowhere" if n in wrong else STAGE)


def load(mender: Mender, text: str) -> Report:
    """Load a file by the usual template."""
    return mender.load(mender.template(), mender.source(text))


def mend(row: Row) -> Row:
    """Correct the stage."""
    return row | {"stage": STAGE}


def test_mended_rows_are_written_and_no_others(mender: Mender) -> None:
    """Three rows are mended: three are created; each source row counts once, in both reports."""
    report = load(mender, bad_deals(40, {3, 17, 40}))
    assert (report.rows["created"], report.rows["rejected"]) == (37, 3)
    retried = mender.retry(mender.edited(report, mend))
    assert retried.retry_of == report.run
    for books in (retried, mender.books(report.run)):
        assert books.adds_up
        assert books.source_rows == 40
        assert (books.rows["created"], books.turned_down) == (40, 0)
        assert books.codes == {}
        assert [(each.run, each.rows) for each in books.retries] == [(retried.run, {"created": 3})]
        total = sum((s.amount for s in books.sums if s.dimension == "stage"), Decimal(0))
        assert total == sum((Decimal(f"{n}.50") for n in range(1, 41)), Decimal(0))
    assert sorted(mender.deals(), key=lambda key: int(key[1:])) == [f"k{n}" for n in range(1, 41)]
    assert "rejects" not in retried.files


def test_the_files_of_the_first_run_are_written_anew(mender: Mender) -> None:
    """Id map and report of the run have the retried rows as soon as the retry has ended."""
    report = load(mender, bad_deals(5, {2}))
    mender.retry(mender.edited(report, mend))
    ids = {deal["id"]: key for key, deal in mender.deals().items()}
    with Path(report.files["id map"]).open(encoding="utf-8", newline="") as stream:
        assert {row["id"]: row["key"] for row in csv.DictReader(stream)} == ids
    data = json.loads(Path(report.files["report"]).read_text(encoding="utf-8"))
    assert (data["rows"]["created"], data["adds_up"]) == (5, True)


def test_what_is_turned_down_still_comes_back_with_its_place(mender: Mender) -> None:
    """The retry's own rejects file has the numbers of the first source, and can be retried too."""
    report = load(mender, bad_deals(20, {4, 9, 13}))
    half = mender.retry(mender.edited(report, lambda row: mend(row) if row["id"] == "k9" else row))
    assert (half.rows["created"], half.rows["rejected"]) == (18, 2)
    assert half.codes == {"unknown_stage": 2}
    again = mender.rejects(half)
    assert [(row["_record"], row["_line"], row["_run"]) for row in again] == [
        ("4", "5", half.run),
        ("13", "14", half.run),
    ]
    assert "record 4:" in half.examples["unknown_stage"]
    whole = mender.retry(mender.edited(half, mend))
    assert (whole.rows["created"], whole.turned_down, whole.retry_of) == (20, 0, report.run)
    assert whole.adds_up
    assert [each.rows for each in whole.retries] == [
        {"created": 1, "rejected": 2},
        {"created": 2},
    ]
    assert whole.run in as_text(mender.books(report.run))


def test_nothing_mended_nothing_changed(mender: Mender) -> None:
    """A file that comes back as it was gives the same rejects and the same counts."""
    report = load(mender, bad_deals(20, {4, 9}))
    again = mender.retry(report.files["rejects"])
    assert (again.rows, again.codes, again.examples) == (report.rows, report.codes, report.examples)
    assert again.sums == report.sums
    strip = [{k: v for k, v in row.items() if k != "_run"} for row in mender.rejects(report)]
    assert [{k: v for k, v in row.items() if k != "_run"} for row in mender.rejects(again)] == strip


def test_rows_taken_out_stay_as_they_were(mender: Mender) -> None:
    """A row deleted from the file is neither sent nor forgotten."""
    report = load(mender, bad_deals(10, {1, 2, 3}))
    retried = mender.retry(
        mender.edited(report, lambda row: None if row["id"] == "k2" else mend(row))
    )
    assert (retried.rows["created"], retried.rows["rejected"]) == (9, 1)
    assert retried.adds_up
    assert retried.examples["unknown_stage"].startswith("record 2:")
    assert "k2" not in mender.deals()
    later = mender.retry(mender.edited(report, mend))  # the old file, with all three rows
    assert (later.rows["created"], later.rows["rejected"]) == (10, 0)
    assert any("2 rows are left out (record 1, 3)" in line for line in mender.said)


def test_the_same_file_twice_writes_once(mender: Mender) -> None:
    """A second retry of the same file says that nothing is left, and sends nothing."""
    report = load(mender, bad_deals(10, {1, 2}))
    path = mender.edited(report, mend)
    mender.retry(path)
    sent = dict(mender.sandbox.requests)
    with pytest.raises(InputError, match=r"All 2 rows of .* were written by now"):
        mender.retry(path)
    writes = [name for name in mender.sandbox.requests if "create" in name or "update" in name]
    assert {name: mender.sandbox.requests[name] for name in writes} == {n: sent[n] for n in writes}
    assert len(mender.deals()) == 10


def test_refused_rows_are_retried_the_same_way(mender: Mender) -> None:
    """A value that was taken after the plan, so that the CRM refuses it, is mended."""
    text = TEMPLATE.replace("  owner:", "  custom.contract_no: {from: contract}\n  owner:")
    unique = {"name": "contract_no", "label": "Contract", "groupName": "dealinformation"}
    unique |= {"type": "string", "fieldType": "text", "hasUniqueValue": True}  # type: ignore[dict-item]
    mender.stranger().post("/crm/v3/properties/deals", json=unique).raise_for_status()
    source = mender.source(deals(12, contract=lambda n: n))
    planned = mender.plan(mender.template(text), source)
    taken = {"dealname": "X", "dealstage": "closedwon", "contract_no": "8"}
    made = mender.stranger().post("/crm/v3/objects/deals", json={"properties": taken})
    made.raise_for_status()
    report = mender.execute(planned.run)
    mender.stranger().delete(f"/crm/v3/objects/deals/{made.json()['id']}").raise_for_status()
    assert (report.rows["created"], report.rows["refused"]) == (11, 1)
    (row,) = mender.rejects(report)
    retried = mender.retry(mender.save([row | {"contract": "99"}]))
    assert (retried.rows["created"], retried.rows["refused"]) == (12, 0)
    assert retried.refusals == {}
    assert retried.adds_up


def test_a_link_that_was_refused_is_made(mender: Mender) -> None:
    """A record that was written without its link gets that link and nothing else."""
    template = mender.template()
    mender.load(template, mender.source(deals(3, company=lambda _: "Acme")))
    more = deals(3, company=lambda n: "Other" if n == 2 else "Acme", amount=lambda _: "100.00")
    run = mender.plan(template, mender.source(more)).run

    def handle(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if "associations" in path and path.endswith("batch/create"):
            body = {"status": "error", "category": "VALIDATION_ERROR", "message": "no such id"}
            return httpx.Response(400, json=body)
        return mender.answer(request)

    mender.wrap = lambda _: httpx.MockTransport(handle)
    report = mender.execute(run)
    assert (report.rows["updated"], report.turned_down) == (3, 1)
    mender.wrap = lambda inner: inner
    retried = mender.retry(report.files["rejects"])
    assert (retried.rows["updated"], retried.turned_down) == (3, 0)
    plan = pl.read_parquet(retried.files["plan"])
    assert plan.select("action", "key", "after").rows() == [("update", "k2", "{}")]
    assert sum(len(to) for to in mender.sandbox.associations("deals", "companies").values()) == 4


def test_rows_keep_the_places_of_their_own_files(mender: Mender) -> None:
    """File, record and line in a retry's plan are those of the first source."""
    template = mender.template(
        "files: {delimiter: '|', header_line: 2}\n" + TEMPLATE, contacts="park"
    )
    head = "id|title|stage|amount\n"
    one = mender.source(f"Export\n{head}a|A|{STAGE}|1\nb|B|Nowhere|2\n", "one.csv")
    two = mender.source(f"Export\n{head}c|C|{STAGE}|3\nd|D|Nowhere|4\n", "two.csv")
    report = mender.load(template, one, two)
    retried = mender.retry(mender.edited(report, mend))
    plan = pl.read_parquet(retried.files["plan"]).select("key", "file", "record", "line")
    assert plan.rows() == [("b", one, 2, 4), ("d", two, 4, 4)]
    assert (retried.rows["created"], retried.source_rows) == (4, 4)


def test_parked_rows_go_through_when_their_parent_is_there(mender: Mender) -> None:
    """The contact is there by now: the file as it was writes the deal with its link."""
    report = load(mender, deals(6, contact=lambda n: "late@example.com" if n == 5 else ""))
    assert report.rows["parked"] == 1
    properties = {"properties": {"email": "late@example.com"}}
    mender.stranger().post("/crm/v3/objects/contacts", json=properties).raise_for_status()
    retried = mender.retry(report.files["rejects"])
    assert (retried.rows["created"], retried.rows["parked"]) == (6, 0)
    assert retried.refusals == {}
    assert len(mender.sandbox.associations("deals", "contacts")) == 1


def test_a_mended_template_counts_and_is_said(mender: Mender) -> None:
    """Rows that lacked a line of the template's value map go through once it is there."""
    report = load(mender, bad_deals(9, {2, 5}))
    mapped = TEMPLATE.replace(
        "stage: {from: stage}",
        f"stage: {{from: stage, values: {{Nowhere: {STAGE}}}, unmapped: keep}}",
    )
    mender.template(mapped)
    retried = mender.retry(report.files["rejects"])
    assert (retried.rows["created"], retried.rows["rejected"]) == (9, 0)
    assert any("is not as it was for run" in line for line in mender.said)
    first, retry = mender.run(report.run), mender.run(retried.run)
    assert first.template_fingerprint != retry.template_fingerprint
    assert first.state is retry.state is RunState.FINISHED


def test_another_template_can_be_named_but_not_other_keys(mender: Mender) -> None:
    """--template is used as it is, unless it would call the same records something else."""
    report = load(mender, bad_deals(4, {2}))
    other = mender.folder / "other.yaml"
    path = report.files["rejects"]
    for changed in ("key: {from: title}", "key: {from: id, prefix: x-}"):
        other.write_text(
            TEMPLATE.replace("key: {from: id}", changed).replace("PARK_CONTACTS", "park")
        )
        with pytest.raises(InputError, match="names records otherwise"):
            mender.retry(path, template=str(other))
    fixed = TEMPLATE.replace("stage: {from: stage}", f"stage: {{default: {STAGE}}}")
    other.write_text(fixed.replace("PARK_CONTACTS", "park"))
    assert mender.retry(path, template=str(other)).rows["created"] == 4


def test_a_run_that_goes_on_is_not_retried(mender: Mender) -> None:
    """Planned, sampled and stopped runs are finished first; the error says how."""
    template, source = mender.template(), mender.source(bad_deals(30, {3}))
    planned = mender.plan(template, source)
    path = planned.run.settings["files"]["rejects"]
    with pytest.raises(InputError, match=f"`migrator run --plan {planned.run.id}`"):
        mender.retry(path)
    report = mender.execute(planned.run, sample=5)
    with pytest.raises(InputError, match=f"go on with it first: `migrator resume {report.run}`"):
        mender.retry(report.files["rejects"])
    report = mender.execute(planned.run)
    assert mender.retry(mender.edited(report, mend)).rows["created"] == 30


def test_a_planned_retry_counts_only_when_it_begins(mender: Mender) -> None:
    """A dry run changes no books; written later it does; a stale one is refused."""
    report = load(mender, bad_deals(8, {1, 2}))
    first = mender.plan_retry(mender.edited(report, mend))
    second = mender.plan_retry(mender.edited(report, mend))
    assert first.plan.counts["create"] == 2
    assert mender.books(report.run).rows == report.rows
    assert mender.books(first.run.id).rows == report.rows
    assert mender.execute(first.run).rows["created"] == 8
    with pytest.raises(InputError, match=r"2 rows of retry .* were retried by another one"):
        mender.execute(second.run)
    assert mender.books(report.run).rows["created"] == len(mender.deals()) == 8


def test_too_many_rejects_of_a_retry_stop_it(mender: Mender) -> None:
    """--max-rejects counts the retried rows, and nothing is written when it is exceeded."""
    report = load(mender, bad_deals(8, {1, 2}))
    with pytest.raises(InputError, match="2 of 2 rows are rejected"):
        mender.plan_retry(report.files["rejects"], Limit(50, percent=True))
    assert mender.books(report.run).rows == report.rows


def test_a_retry_is_killed_and_resumed(mender: Mender) -> None:
    """The answer of the first batch is lost with the process; a resume settles and finishes it."""
    report = load(mender, bad_deals(200, set(range(41, 201))))
    path = mender.edited(report, lambda row: row if row["id"] == "k77" else mend(row))

    class Dies(httpx.AsyncBaseTransport):
        def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
            self.inner = inner

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await self.inner.handle_async_request(request)
            if "batch/create" in str(request.url):
                raise KeyboardInterrupt
            return response

    mender.wrap = Dies
    with pytest.raises((KeyboardInterrupt, Stopped)):
        mender.retry(path)
    mender.wrap = lambda inner: inner
    Path(path).unlink()  # the user cleans up; the retry has a copy
    space = mender.workspace()
    run = space.journal.run()
    space.close()
    assert (run.settings["retry_of"], run.state) == (report.run, RunState.RUNNING)
    books = mender.books(report.run)
    assert books.adds_up
    assert books.rows["left"] > 0
    with pytest.raises(InputError, match=f"migrator resume {run.id}"):
        mender.retry(report.files["rejects"])
    resumed = mender.execute(run)
    assert (resumed.rows["created"], resumed.rows["left"], resumed.rows["rejected"]) == (199, 0, 1)
    assert resumed.adds_up
    assert len(mender.deals()) == 199
    places = [(row["id"], row["_record"], row["_line"]) for row in mender.rejects(resumed)]
    assert places == [("k77", "77", "78")]
    Path(mender.folder / ".migrator" / "runs" / run.id / "edited.csv").write_text("id\n1\n")
    with pytest.raises(InputError):
        mender.execute(run)


GROUPED = """
name: grouped
key: {from: id}
group: {sum: [amount]}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: Sales Pipeline}
  stage: {from: stage}
  amount: {from: amount, rules: [required]}
"""


def test_lines_of_one_deal_are_retried_together(mender: Mender) -> None:
    """Rows that are one deal come back together; half of them are refused, all of them counted."""
    text = "id,title,stage,amount\n" + "".join(
        f"k{deal},Deal {deal},{'Nowhere' if deal == 2 else STAGE},{'' if row == 12 else row}\n"
        for row, deal in enumerate([1, 1, 2, 2, 3, 2, 4, 4, 5, 4, 6, 4], start=1)
    )
    report = mender.load(mender.template(GROUPED), mender.source(text))
    # deal 2 was turned down by the account as one record, deal 4 by a rule in one of its lines
    assert report.rows["created"] == 4
    assert (report.rows["rejected"], report.rows["merged"]) == (1 + 4, 1 + 2)
    assert report.adds_up
    rows = mender.rejects(report)
    assert [row["_record"] for row in rows] == ["3", "4", "6", "7", "8", "10", "12"]
    with pytest.raises(InputError, match=r"record 3, 6 and record 4 are lines of one deal"):
        mender.retry(mender.save(row for row in rows if row["_record"] != "4"))
    second = mender.retry(mender.save(mend(row) for row in rows if row["id"] == "k2"))
    assert (second.rows["created"], second.rows["merged"], second.rows["rejected"]) == (5, 3, 4)
    assert second.adds_up
    fourth = mender.retry(
        mender.save(row | {"amount": row["amount"] or "100"} for row in rows if row["id"] == "k4")
    )
    assert (fourth.rows["created"], fourth.rows["merged"], fourth.rows["rejected"]) == (6, 6, 0)
    assert fourth.adds_up
    amounts = {key: deal["amount"] for key, deal in mender.deals().items()}
    assert (amounts["k2"], amounts["k4"]) == (str(3 + 4 + 6), str(7 + 8 + 10 + 100))


def test_a_key_that_another_record_has_by_now_is_named(mender: Mender) -> None:
    """A malformed line of a deal that was written without it must not overwrite that deal."""
    report = load(mender, deals(5).replace("k5,", "k5,,,,") + f"k9,x,{STAGE},1\n")
    assert report.rows["rejected"] == 1
    (row,) = mender.rejects(report)
    wrong = row | {"id": "k2", "title": "Mine", "stage": STAGE, "amount": "1", "_surplus": ""}
    retried = mender.retry(mender.save([wrong]))
    assert retried.codes == {"duplicate_key": 1}
    assert 'id "k2" stands also in record 2' in retried.examples["duplicate_key"]
    assert mender.deals()["k2"]["dealname"] == "Deal 2"
    mended = mender.retry(mender.edited(retried, lambda row: row | {"id": "k5"}))
    assert (mended.rows["created"], mended.rows["rejected"]) == (6, 0)
    assert set(mender.deals()) == {"k1", "k2", "k3", "k4", "k5", "k9"}


def test_all_lines_of_a_doubled_deal_are_named(mender: Mender) -> None:
    """A deal on several lines whose key is taken is turned down in each of its lines."""
    text = "id,title,stage,amount\n" + "".join(
        f"{id_},x,{'Nowhere' if id_ == 'b' else STAGE},{n}\n" for n, id_ in enumerate("abba", 1)
    )
    report = mender.load(mender.template(GROUPED), mender.source(text))
    retried = mender.retry(mender.edited(report, lambda row: mend(row) | {"id": "a"}))
    assert retried.codes == {"duplicate_key": 2}
    assert [row["_record"] for row in mender.rejects(retried)] == ["2", "3"]
    assert retried.adds_up
    assert mender.deals()["a"]["amount"] == "5"


def test_a_few_rows_do_not_decide_how_the_columns_are_read(mender: Mender) -> None:
    """What the whole source proved holds for its rejects, which alone would prove the contrary."""
    german = TEMPLATE.replace("from: amount", "from: amount").replace(
        "  owner:", "  close_date: {from: close}\n  owner:"
    )
    text = "id,title,stage,amount,close\n" + "".join(
        f'k{n},Deal {n},{"Nowhere" if n in (5, 6) else STAGE},"{1.234 if n == 5 else "1.234,50"}",'
        f"{'03/04/2026' if n == 5 else '13/04/2026'}\n"
        for n in range(1, 9)
    )
    report = mender.load(mender.template(german), mender.source(text))
    assert (report.rows["created"], report.rows["rejected"]) == (6, 2)
    rows = [mend(row) for row in mender.rejects(report)]
    assert mender.retry(mender.save(rows[:1])).rows["created"] == 7
    assert mender.deals()["k5"]["amount"] == "1234"
    assert mender.deals()["k5"]["closedate"].startswith("2026-04-03")
    rows[1] |= {"close": "31.03.2026", "amount": "7,5"}  # as a German spreadsheet shows it
    assert mender.retry(mender.save(rows[1:])).rows["created"] == 8
    assert mender.deals()["k6"]["closedate"].startswith("2026-03-31")


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10**6))
def test_books_add_up_after_any_retries(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """Whatever subset is mended, spoilt or taken out, however often: each row counts once."""
    rng = random.Random(seed)
    mender = Mender(tmp_path_factory.mktemp("any"))
    count = rng.randrange(5, 25)
    wrong = set(rng.sample(range(1, count + 1), rng.randrange(2, 5)))
    parked = {rng.randrange(1, count + 1)}
    report = load(
        mender,
        deals(
            count,
            stage=lambda n: "Nowhere" if n in wrong else STAGE,
            contact=lambda n: "nobody@example.com" if n in parked else "",
        ),
    )
    down = {row["id"] for row in mender.rejects(report)}
    newest = [report]
    for _ in range(3):
        rows = [row for row in mender.rejects(rng.choice(newest)) if rng.random() < 0.7]
        good = {row["id"] for row in rows if rng.random() < 0.6} & down
        if not {row["id"] for row in rows} & down:
            continue
        path = mender.save(
            row | ({"stage": STAGE, "contact": ""} if row["id"] in good else {}) for row in rows
        )
        newest.append(mender.retry(path))
        down -= good
        for books in (newest[-1], mender.books(report.run)):
            assert books.adds_up
            assert books.turned_down == len(down)
            assert books.rows["created"] == count - len(down) == len(mender.deals())
