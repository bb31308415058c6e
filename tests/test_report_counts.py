"""Rows of a file and the contacts and companies made for them are told apart, a sample's too."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from migrator.cli import look, show
from migrator.report import as_text
from migrator.report.page import page
from tests.signing import Signer, step_of
from tests.support import deals

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.report import Report

TEMPLATE = """
name: test
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: Sales Pipeline}
  stage: {from: stage}
  amount: {from: amount, transform: [{money: {places: 2}}]}
  currency: {from: currency}
  companies: {from: company, on_missing: create}
"""
COUNT, SAMPLE = 30, 6
EUR, USD = "EUR", "USD"


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    """An account with nothing in it."""
    return Signer(tmp_path)


def export() -> str:
    """Thirty deals of ten companies; one has no title."""
    return deals(
        COUNT,
        title=lambda n: "" if n == 7 else f"Deal {n}",
        currency=lambda n: EUR if n % 2 else USD,
        stage=lambda n: "Closed Won" if n % 3 else "Qualified To Buy",
        company=lambda n: f"Company {n % 10}",
    )


def sampled(signer: Signer) -> Report:
    """Some of the deals, loaded."""
    planned = signer.plan(signer.template(TEMPLATE), signer.source(export())).run
    report = signer.execute(planned, sample=SAMPLE)
    signer.clock.seconds += 600
    return report


def money(signer: Signer) -> dict[str, Decimal]:
    """What the account's deals are worth, by currency."""
    found: dict[str, Decimal] = {}
    for deal in signer.sandbox.records("deals"):
        code = deal["deal_currency_code"]
        found[code] = found.get(code, Decimal(0)) + Decimal(deal["amount"])
    return found


def test_status_counts_deals_apart_from_their_companies(
    signer: Signer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The deals are as many as the account holds, and the companies stand beside them."""
    sampled(signer)
    assert len(signer.sandbox.records("deals")) == SAMPLE
    companies = len(signer.sandbox.records("companies"))
    state = str(signer.folder / ".migrator" / "journal.db")
    call(look.status, "--state", state)
    text = capsys.readouterr().out
    assert f"{COUNT - SAMPLE - 1} planned, {SAMPLE} written, 1 rejected" in text
    assert f"contacts and companies: {10 - companies} planned, {companies} written" in text
    assert max(map(len, text.splitlines())) <= 80
    call(look.status, "--state", state, "--json")
    (row,) = json.loads(capsys.readouterr().out)
    assert row["ops"] == {"planned": COUNT - SAMPLE - 1, "written": SAMPLE}
    assert row["parents"] == {"planned": 10 - companies, "written": companies}


def call(command: object, *arguments: str) -> None:
    """Run a command in this process."""
    command.main(list(arguments), standalone_mode=False)  # type: ignore[attr-defined]


def test_verify_counts_deals_apart_from_their_companies(signer: Signer) -> None:
    """What is left is told as the deals that are left, and the companies in a line of their own."""
    run = sampled(signer).run
    companies = len(signer.sandbox.records("companies"))
    result = signer.verify()
    assert (result.checked, result.same) == (SAMPLE, SAMPLE)
    assert (result.left, result.parents_left) == (COUNT - SAMPLE - 1, 10 - companies)
    assert not result.agrees
    text = show.verification(result, signer.run(run))
    assert f"  {COUNT - SAMPLE - 1} records are not written yet: migrator resume {run}" in text
    assert f"  {10 - companies} contacts and companies are not created yet" in text


def test_a_sample_s_money_is_the_sample_s(signer: Signer) -> None:
    """Sums in text and on the page are those of the account; the rest is called not loaded yet."""
    report = sampled(signer)
    there = money(signer)
    text = as_text(report)
    loaded, _, rest = text.partition("not loaded yet  ")
    for code in (EUR, USD):
        (line,) = [one for one in loaded.splitlines() if one.startswith(f"  {code} ")]
        assert f"{there[code]:,.2f} {code}" in line
        (line,) = [one for one in rest.splitlines() if one.startswith(f"  {code} ")]
        whole = sum(Decimal(n) + Decimal("0.5") for n in range(1, COUNT + 1) if n != 7)
        assert Decimal(line.split()[2].replace(",", "")) < whole - there[code]
    statement = signer.statement(report.run)
    assert step_of(statement, "account").money == there
    after = [line.after for line in statement.stages if line.after]
    assert sum(heap.rows for heap in after) == SAMPLE
    left = [line.left for line in statement.stages if line.left]
    assert sum(heap.rows for heap in left) == COUNT - SAMPLE - 1
    for one in statement.stages:  # nothing is lost between before and after
        rows = [heap.rows if heap else 0 for heap in (one.before, one.after, one.left)]
        assert rows[0] - rows[1] - rows[2] == (1 if one.stage == "Closed Won" else 0)
    made = page(statement)
    assert "Not loaded yet" in made
    assert "this run has loaded only a part of the source" in made


def test_a_whole_run_says_nothing_of_what_is_left(signer: Signer) -> None:
    """Once the rest is loaded neither the text nor the page has a word on rows to come."""
    run = signer.run(sampled(signer).run)
    report = signer.execute(run)
    assert "not loaded yet" not in as_text(report)
    statement = signer.statement(run.id)
    assert not any(line.left for line in statement.stages)
    assert "Not loaded yet" not in page(statement)
    signer.clock.seconds += 600
    result = signer.verify()
    assert result.agrees
    assert (result.left, result.parents_left) == (0, 0)


def test_companies_that_are_left_keep_a_run_from_being_verified(signer: Signer) -> None:
    """Nobody calls a run whole while a company of it is still to be made."""
    run = signer.run(sampled(signer).run)
    signer.execute(run)
    signer.clock.seconds += 600
    assert signer.verify().agrees
    result = replace(signer.verify(), parents_left=2, parents_unknown=1)
    assert not result.agrees
    text = " ".join(show.verification(result, run).split())
    assert f"1 of the contacts and companies is unknown: migrator settle {run.id}" in text
    assert f"1 of the contacts and companies is not created yet: migrator resume {run.id}" in text


def test_the_letter_case_of_a_stage_makes_no_other_stage(signer: Signer) -> None:
    """Before, after and what is to come stand in one line, called as the account calls it."""
    text = export().replace("Closed Won", "CLOSED WON", 3)
    run = signer.plan(signer.template(TEMPLATE), signer.source(text)).run
    signer.execute(run, sample=SAMPLE)
    lines = {line.stage: line for line in signer.statement(run.id).stages}
    assert set(lines) == {"Closed Won", "Qualified To Buy"}
    assert "CLOSED WON" in lines["Closed Won"].sources
    assert sum(line.before.rows for line in lines.values() if line.before) == COUNT


def test_a_company_refused_in_each_retry_is_one(signer: Signer) -> None:
    """What a retry tries again and the CRM refuses again is not counted twice."""
    text = deals(3, company=lambda n: "bad" if n == 2 else f"Company {n}")
    template = TEMPLATE.replace(
        "currency: {from: currency}", "contacts: {from: who, on_missing: create}"
    )
    text = text.replace("id,", "who,id,").replace("\nk", "\nnot an address,k")
    report = signer.load(signer.template(template), signer.source(text))
    signer.clock.seconds += 600
    assert report.parents_refused == 1
    signer.retry(signer.edited(report, lambda row: row | {"title": "again"}))
    assert signer.books(report.run).parents_refused == 1


def test_large_numbers_do_not_run_into_each_other(signer: Signer) -> None:
    """Counts and sums of any size are numbers of their own in the terminal."""
    text = deals(
        3,
        amount=lambda _: "1234567890123.45",
        currency=lambda _: EUR,
        company=lambda _: "C",
        stage=lambda _: "Closed Won",
    )
    report = signer.load(signer.template(TEMPLATE), signer.source(text))
    signer.clock.seconds += 600
    shown = show.verification(signer.verify(), signer.run(report.run)).splitlines()
    whole = "3,703,703,670,370.35"
    told = [line.split() for line in (*shown, *as_text(report).splitlines())]
    assert ["EUR", "3", "3", whole, whole] in told
    assert ["EUR", "3", whole, "EUR"] in told
