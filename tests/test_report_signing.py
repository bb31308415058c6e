"""The report that people sign: what it says is what is so, at every point of a run's life."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import MigratorError
from migrator.report.books import IN_ACCOUNT, OUTCOMES, Report
from migrator.report.statement import Standing, Turn
from migrator.report.sums import Sum as BookSum
from migrator.runs.execution import execute
from migrator.runs.figures import FILE as FIGURES
from migrator.runs.figures import Figures, Group, read_figures
from migrator.runs.inputs import Request
from migrator.runs.planning import plan_run
from migrator.runs.signing.money import waterfall
from migrator.runs.signing.verified import FILE as VERIFICATION
from migrator.runs.target import connected
from migrator.template import Match, Narrow
from migrator.wire import Fault, FaultKind, Faulty
from tests.signing import Signer, step_of
from tests.support import deals

if TYPE_CHECKING:
    from migrator.report.statement import Statement, Step

TEMPLATE = """
name: test
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: Sales Pipeline}
  stage: {from: stage, values: {Qual: Qualified To Buy}}
  amount: {from: amount, transform: [{money: {places: 2}}]}
  currency: {from: currency, rules: [currency_code]}
  owner: {from: owner, values: {Anna: anna.berg@example.com}}
  contacts: {from: contact, on_missing: park}
"""
COUNT = 40
EUR, USD = "EUR", "USD"


def export(**columns: object) -> str:
    """Forty deals: one without a title, one whose amount is no number, one with no such contact."""
    return deals(
        COUNT,
        title=lambda n: "" if n == 3 else f"Deal {n}",
        currency=lambda n: "EURO" if n == 9 else EUR if n % 3 else USD,
        stage=lambda n: "Qual" if n % 2 else "Closed Won",
        amount=lambda n: "x" if n == 5 else f"{n}.50",
        contact=lambda n: "nobody@example.com" if n == 7 else "",
        owner=lambda n: "Anna" if n % 4 else "",
        **columns,  # type: ignore[arg-type]
    )


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    """An account with nothing in it."""
    return Signer(tmp_path)


def load(signer: Signer, text: str | None = None) -> Report:
    """Load the export."""
    report = signer.load(signer.template(TEMPLATE), signer.source(text or export()))
    signer.clock.seconds += 600
    return report


def held(signer: Signer, currency: str) -> Decimal:
    """The sum of the account's own records in a currency."""
    records = signer.sandbox.records("deals")
    mine = [one for one in records if one.get("deal_currency_code") == currency]
    return sum((Decimal(one.get("amount") or 0) for one in mine), Decimal(0))


def ensure_adds_up(statement: Statement) -> None:
    """From the source to the account no row and no cent is lost on the way."""
    source = step_of(statement, "source")
    steps = [one for one in statement.waterfall if one.turn in {Turn.OUT, Turn.IN}]
    apart = {"mended", "difference"}
    assert sum(one.rows for one in steps) == source.rows
    for code in statement.currencies:
        whole = source.money.get(code, Decimal(0))
        whole += sum(one.money.get(code, Decimal(0)) for one in steps if one.name in apart)
        told = sum(one.money.get(code, Decimal(0)) for one in steps if one.name not in apart)
        assert whole == told


def test_every_row_and_cent_is_told(signer: Signer) -> None:
    """Source, rejected, parked, created: rows and money per currency, as the sandbox has them."""
    statement = signer.statement(load(signer).run)
    ensure_adds_up(statement)
    assert [one.name for one in statement.waterfall] == [
        *("source", "rejected", "parked", "created", "account"),
    ]
    source, account = step_of(statement, "source"), step_of(statement, "account")
    assert (source.rows, source.unreadable) == (COUNT, 2)  # "x", and 9.50 of no known currency
    known = [n for n in range(1, COUNT + 1) if n not in {5, 9}]
    assert source.money == {
        EUR: sum(Decimal(n) + Decimal("0.5") for n in known if n % 3),
        USD: sum(Decimal(n) + Decimal("0.5") for n in known if not n % 3),
    }
    assert account.money == {EUR: held(signer, EUR), USD: held(signer, USD)}
    assert step_of(statement, "rejected").money == {USD: Decimal("3.50")}
    assert step_of(statement, "parked").money == {EUR: Decimal("7.50")}


def test_an_unverified_run_is_not_called_verified(signer: Signer) -> None:
    """Until it was read back the verdict is open and says how to verify; then it says when."""
    run = load(signer).run
    before = signer.statement(run).verdict
    assert before.standing is Standing.OPEN
    assert f"not verified yet (migrator verify {run})" in before.sentence
    result = signer.verify()
    after = signer.statement(run)
    assert after.verdict.standing is Standing.GOOD
    assert after.verdict.sentence == (
        "All 36 good rows of 40 are in HubSpot account 48000001; 4 were turned down, with "
        "reasons; verified on 2026-03-31 09:10 UTC: every field agrees."
    )
    assert step_of(after, "verified").rows == 36
    assert step_of(after, "verified").money == step_of(after, "account").money
    assert Path(str(result.page)) == signer.run_folder(run) / "report.html"
    assert after.verdict.sentence in signer.page(run)


def test_what_somebody_changed_is_not_hidden(signer: Signer) -> None:
    """A deal deleted by another hand makes the verdict bad; it names what is wrong."""
    run = load(signer).run
    first = signer.sandbox.records("deals")[0]
    signer.stranger().delete(f"/crm/v3/objects/deals/{first['id']}")
    assert not signer.verify().agrees
    verdict = signer.statement(run).verdict
    assert verdict.standing is Standing.BAD
    assert "NOT as it should be: 1 missing in the account" in verdict.sentence


def test_a_retry_brings_money_to_light_and_asks_for_a_new_verify(signer: Signer) -> None:
    """Mended amounts have a step of their own; what was verified before is old by then."""
    report = load(signer)
    signer.verify()

    def mend(row: dict[str, str]) -> dict[str, str]:
        names = {"title": "mended", "amount": "7.25", "currency": EUR, "contact": ""}
        wrong = {"title": "", "amount": "x", "currency": "EURO", "contact": "nobody@example.com"}
        return row | {name: names[name] for name in names if row[name] == wrong[name]}

    retry = signer.retry(signer.edited(report, mend))
    statement = signer.statement(report.run)
    ensure_adds_up(statement)
    assert step_of(statement, "mended").money == {EUR: Decimal("16.75")}
    assert "written to since" in statement.verdict.sentence
    assert any(
        f"retry {retry.run} took on 4 rows: 4 created" in one.what for one in statement.history
    )
    # The pages of both runs are new: they have the same books.
    for run in (report.run, retry.run):
        assert "All 40 rows are in HubSpot account" in signer.page(run)
    signer.clock.seconds += 600
    signer.verify()
    assert signer.statement(report.run).verdict.sentence.startswith("All 40 rows are in HubSpot")
    assert signer.statement(report.run).verdict.standing is Standing.GOOD
    assert f"../{retry.run}/id_map.csv" in signer.page(report.run)


def test_a_run_taken_back_says_so(signer: Signer) -> None:
    """The page of an undone run says by what, how much of it, and whether that was verified."""
    run = load(signer).run
    undo = signer.undo(run)
    assert undo.files["page"] == str(signer.run_folder(run) / "report.html")
    statement = signer.statement(run)
    assert statement.verdict.standing is Standing.OPEN
    assert f"taken back by {undo.run}: 36 records were deleted again" in statement.verdict.sentence
    assert "not verified yet" in statement.verdict.sentence
    signer.clock.seconds += 600
    assert signer.verify().page == undo.files["page"]
    assert "UTC: every field agrees." in signer.statement(run).verdict.sentence
    assert f"../{undo.run}/reversed.csv" in signer.page(run)
    assert {one.what for one in statement.requests} == {"write", "undo"}


def test_what_is_not_finished_is_not_called_finished(signer: Signer) -> None:
    """A load that had to stop leaves a page that says how many rows wait, and for what command."""
    signer.wrap = lambda inner: Faulty(
        inner,
        lambda request: (
            Fault(FaultKind.STATUS, status=503) if "batch/create" in str(request.url) else None
        ),
        signer.clock,
    )
    with pytest.raises(MigratorError):
        load(signer)
    (folder,) = (signer.folder / ".migrator" / "runs").iterdir()
    verdict = signer.statement(folder.name).verdict
    assert verdict.standing is Standing.OPEN
    assert f"migrator resume {folder.name}" in signer.page(folder.name)
    assert "Not finished: 0 of 40 rows are in" in verdict.sentence
    signer.wrap = lambda inner: inner
    space = signer.workspace()
    signer.execute(space.journal.run())
    space.close()
    statement = signer.statement(folder.name)
    assert "All 36 good rows of 40" in statement.verdict.sentence
    requests = statement.requests[0]
    assert requests.sent == sum(one.sent for one in requests.moments)
    assert requests.windows


def test_a_sample_says_what_waits(signer: Signer) -> None:
    """After a sample the other rows are not written yet, and a plan has written nothing."""
    planned = signer.plan(signer.template(TEMPLATE), signer.source(export())).run
    assert "Nothing was written yet" in signer.statement(planned.id).verdict.sentence
    report = signer.execute(planned, sample=10)
    sentence = signer.statement(report.run).verdict.sentence
    assert "10 of 40 rows are in" in sentence
    assert "26 are not loaded yet" in sentence
    assert not any(line.held for line in signer.statement(report.run).fields)


def test_stages_and_owners_are_told_as_the_source_and_as_the_account_call_them(
    signer: Signer,
) -> None:
    """A stage with another name is one line; an owner is the user of the account who owns now."""
    statement = signer.statement(load(signer).run)
    lines = {line.stage: line for line in statement.stages}
    assert set(lines) == {"Qualified To Buy", "Closed Won"}
    assert lines["Qualified To Buy"].sources == ("Qual",)
    before, after = lines["Qualified To Buy"].before, lines["Qualified To Buy"].after
    assert before is not None
    assert after is not None
    assert (before.rows, after.rows) == (20, 16)
    (anna,) = [one for one in statement.owner_map if one.source]
    assert (anna.source, anna.target) == ("Anna", "anna.berg@example.com")
    assert anna.user.endswith("<anna.berg@example.com>")
    assert (anna.rows, anna.rejected) == (30, 3)


def test_fields_are_counted_before_and_after(signer: Signer) -> None:
    """A column's cells in the file, and the records with the field, verified or not."""
    run = load(signer, export(spare=lambda n: "s" if n < 5 else "")).run
    counts = []
    for _ in range(2):
        lines = {line.field or line.columns[0]: line for line in signer.statement(run).fields}
        assert (lines["owner"].filled, lines["owner"].rows) == (30, COUNT)
        assert (lines["spare"].filled, lines["spare"].note) == (4, "not taken over")
        assert lines["contacts"].held is None
        counts.append({name: (line.held, line.records) for name, line in lines.items()})
        signer.verify()
    assert counts[0] == counts[1]
    assert counts[0]["amount"] == (36, 36)
    assert counts[0]["owner"] == (26, 36)


def test_reasons_have_their_rows_money_and_examples(signer: Signer) -> None:
    """Each reason names rows of the source; a refused or parked row has its own."""
    reasons = {one.code: one for one in signer.statement(load(signer).run).reasons}
    required = reasons["required"]
    assert (required.of, required.rows, required.money) == ("rejected", 1, {USD: Decimal("3.50")})
    assert [(one.record, one.field) for one in required.examples] == [(3, "title")]
    assert reasons["parked"].of == "refused"
    assert reasons["parked"].examples[0].record == 7
    assert reasons["currency_code"].examples[0].value == "EURO"


def test_the_json_has_the_books_and_all_that_is_on_the_page(signer: Signer) -> None:
    """report.json is a report as before, with more beside it; amounts are text."""
    report = load(signer)
    data = signer.data(report.run)
    assert data["rows"] == report.rows
    assert data["adds_up"] is True
    assert data["waterfall"][0]["money"] == {"EUR": "555.00", "USD": "270.00"}
    assert data["verdict"]["sentence"] in signer.page(report.run)
    assert data["files"]["page"] == str(signer.run_folder(report.run) / "report.html")
    names = {one["name"] for one in data["downloads"]}
    assert {"id_map.csv", "rejects.csv", "plan.parquet"} <= names
    for one in data["downloads"]:
        assert (signer.run_folder(report.run) / one["path"]).stat().st_size


def test_several_rows_of_one_deal_are_told_apart(signer: Signer) -> None:
    """Merged rows leave with their money, and the sums add up still."""
    template = TEMPLATE.replace("key: {from: id}", "key: {from: deal}").replace(
        "fields:", "group: {}\nfields:"
    )
    text = export(deal=lambda n: f"d{(n + 1) // 2}")
    report = signer.load(signer.template(template), signer.source(text))
    assert report.rows["merged"]
    statement = signer.statement(report.run)
    ensure_adds_up(statement)
    assert "of another row's record" in statement.verdict.sentence
    assert step_of(statement, "merged").rows == report.rows["merged"]


def test_a_report_that_fails_harms_nothing(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The load ends well, its books are there, and one line says what went wrong."""

    def broken(*_: object) -> str:
        raise ValueError("no ink")

    monkeypatch.setattr("migrator.report.page.page", broken)
    report = load(signer)
    assert report.rows["created"] == 36
    assert [text for text in signer.said if "no ink" in text and "is not affected" in text]
    assert signer.data(report.run)["waterfall"]
    assert not (signer.run_folder(report.run) / "report.html").exists()
    assert signer.verify().agrees


@pytest.mark.parametrize("name", [FIGURES, VERIFICATION])
def test_spoilt_files_cost_their_part_alone(signer: Signer, name: str) -> None:
    """Without the figures of the source its money is unknown; the rest is there."""
    run = load(signer).run
    signer.verify()
    (signer.run_folder(run) / name).write_text("{", encoding="utf-8")
    statement = signer.statement(run)
    assert step_of(statement, "account").rows == 36
    assert statement.complete is (name != FIGURES)
    assert (statement.verification is None) is (name == VERIFICATION)


def test_figures_are_counted_once(signer: Signer) -> None:
    """A resume does not count the same source again, and reads the figures as they were written."""
    run = load(signer).run
    folder = signer.run_folder(run)
    before = (folder / FIGURES).stat().st_mtime_ns
    space = signer.workspace()
    signer.execute(space.journal.run(run))
    space.close()
    assert (folder / FIGURES).stat().st_mtime_ns == before
    figures = read_figures(folder)
    assert figures is not None
    assert figures.rows == COUNT
    assert json.loads((folder / FIGURES).read_text(encoding="utf-8"))["version"] == figures.version


def test_without_pages_the_books_alone_are_kept(signer: Signer) -> None:
    """Who uses the library decides: no page, no figures, the same report.json as ever."""
    signer.pages = False
    report = load(signer)
    assert "waterfall" not in signer.data(report.run)
    assert signer.verify().page is None
    assert "page" not in signer.undo(report.run).files
    assert not (signer.run_folder(report.run) / "report.html").exists()
    assert not (signer.run_folder(report.run) / FIGURES).exists()


COUNTS = st.fixed_dictionaries(dict.fromkeys(OUTCOMES, st.integers(0, 50)))
AMOUNTS = st.decimals(-1000, 1000, places=2)


@given(COUNTS, st.data())
def test_the_waterfall_adds_up_whatever_the_rows(
    counts: dict[str, int], data: st.DataObject
) -> None:
    """Of any books the steps' rows are the source's, and the steps' money is all there is."""
    rows = sum(counts.values())
    book = Report("r", "finished", "v", "a", "t", rows, counts)
    for outcome in OUTCOMES:
        if counts[outcome] and outcome not in {"rejected", "merged"}:
            for code in (EUR, USD):
                amount = data.draw(AMOUNTS)
                book.sums.append(BookSum("currency", code, code, outcome, 1, amount))
    money = tuple(Group((), code, False, rows, data.draw(AMOUNTS)) for code in (EUR, USD))
    steps = waterfall(book, Figures("s", "v", rows, money), None, None)
    moving = [one for one in steps if one.turn in {Turn.OUT, Turn.IN}]
    assert sum(one.rows for one in moving) == rows
    (account,) = [one for one in steps if one.name == "account"]
    assert account.rows == sum(counts[name] for name in IN_ACCOUNT)

    def total(code: str, chosen: list[Step]) -> Decimal:
        return sum((one.money.get(code, Decimal(0)) for one in chosen), Decimal(0))

    for code in (EUR, USD):
        told = total(code, [one for one in moving if one.name != "difference"])
        apart = total(code, [one for one in moving if one.name == "difference"])
        assert steps[0].money.get(code, Decimal(0)) + apart == told


def narrow(signer: Signer, text: str) -> Report:
    """Change the amounts of deals that are there, and nothing else."""
    request = Request(
        signer.template(TEMPLATE), (signer.source(text),), narrow=Narrow(("amount",), Match.KEY)
    )
    space = signer.workspace()

    async def change() -> Report:
        async with connected(signer.target, space) as session:
            planned = await plan_run(space, request, session, lock=True)
            return await execute(space, planned.run, session, inputs=planned.inputs)

    try:
        return signer.clock.run(change())
    finally:
        space.close()


def test_a_cleanup_says_what_was_changed(signer: Signer) -> None:
    """Each change is counted by its values before and after; the rest was there already."""
    load(signer)
    lines = ["id,amount,title,currency", "k1,99,t,EUR", "k2,99,t,EUR", "k4,4.50,t,EUR"]
    report = narrow(signer, "\n".join(lines) + "\n")
    statement = signer.statement(report.run)
    assert {(one.field, one.before, one.after): one.rows for one in statement.changes} == {
        ("amount", "1.5", "99"): 1,
        ("amount", "2.5", "99"): 1,
    }
    assert [step_of(statement, name).rows for name in ("updated", "unchanged")] == [2, 1]
    assert "What was to be changed" in signer.page(report.run)
    assert any(one.name == "Changes only" for one in statement.made_with)


def test_what_an_undo_leaves_is_told(signer: Signer) -> None:
    """A deal that somebody worked on stays; the verdict counts it, and what it could not verify."""
    run = load(signer).run
    signer.verify()
    signer.clock.seconds += 600
    (first, second, *_) = signer.sandbox.records("deals")
    stranger = signer.stranger()
    answer = stranger.patch(
        f"/crm/v3/objects/deals/{first['id']}", json={"properties": {"amount": "1000"}}
    )
    assert answer.status_code == 200
    stranger.delete(f"/crm/v3/objects/deals/{second['id']}")
    signer.clock.seconds += 600
    signer.undo(run)
    sentence = signer.statement(run).verdict.sentence
    assert "34 records were deleted again" in sentence
    assert "1 was gone already" in sentence
    assert "1 stays, because it was changed since" in sentence


def test_an_undo_that_stopped_is_not_called_done(signer: Signer) -> None:
    """Until the undo is finished the page says how to go on, and no more that all is well."""
    run = load(signer).run
    signer.wrap = lambda inner: Faulty(
        inner,
        lambda asked: (
            Fault(FaultKind.STATUS, status=503) if "batch/archive" in asked.url.path else None
        ),
        signer.clock,
    )
    with pytest.raises(MigratorError):
        signer.undo(run)
    sentence = signer.statement(run).verdict.sentence
    assert "nothing was changed yet; it is not finished (migrator resume " in sentence
    assert sentence in signer.page(run)


def test_a_folder_that_was_emptied_costs_its_part_alone(signer: Signer) -> None:
    """The journal has the books; what only the folder knew is left out, and nothing breaks."""
    run = load(signer).run
    shutil.rmtree(signer.run_folder(run))
    statement = signer.statement(run)
    assert step_of(statement, "account").rows == 36
    assert statement.downloads == ()
    assert not statement.complete
    assert {one.code for one in statement.reasons} >= {"required", "parked"}
    assert all(one.said for one in statement.reasons)
