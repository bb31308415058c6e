"""The page of a run that was taken back: what had been in, what is gone, and what stays."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.report.page import page
from migrator.report.statement import Statement, Turn
from migrator.runs.target import connected
from migrator.runs.undo import undoing
from tests.signing import Signer, step_of
from tests.support import deals

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = """
name: test
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: Sales Pipeline}
  stage: {from: stage}
  amount: {from: amount}
  currency: {from: currency}
  companies: {from: company, on_missing: create}
"""


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    """An account with nothing in it."""
    return Signer(tmp_path)


def load(signer: Signer, count: int = 20, name: str = "deals.csv", **columns: object) -> str:
    """Load deals of two companies, one of them without a title; the run."""
    text = deals(
        count,
        title=lambda n: "" if n == 7 else f"Deal {n}",
        currency=lambda n: "EUR" if n % 2 else "USD",
        stage=lambda _: "Closed Won",
        company=lambda n: f"Company {n % 2}",
        **columns,  # type: ignore[arg-type]
    )
    report = signer.load(signer.template(TEMPLATE), signer.source(text, name))
    signer.clock.seconds += 600
    return report.run


def change(signer: Signer, key: str, **properties: str) -> None:
    """Let somebody work on a deal."""
    (deal,) = [one for one in signer.sandbox.records("deals") if one["migrator_key"] == key]
    path = f"/crm/v3/objects/deals/{deal['id']}"
    signer.stranger().patch(path, json={"properties": properties}).raise_for_status()
    signer.clock.seconds += 600


def ensure_adds_up(statement: Statement) -> None:
    """What had been in is what was taken back and what stays, in rows and money."""
    names = [step.name for step in statement.waterfall]
    steps = statement.waterfall[names.index("written") :]
    written, *between, remains = steps
    assert written.rows == sum(step.rows for step in between)
    assert remains.rows == sum(step.rows for step in between if step.turn is Turn.IN)
    for code in written.money:
        sums = [step.money.get(code, Decimal(0)) for step in between]
        assert written.money[code] == sum(sums)


def test_tables_say_taken_back(signer: Signer) -> None:
    """Nothing on the page is called in the account or verified that is not there any more."""
    run = load(signer)
    signer.verify()
    assert step_of(signer.statement(run), "verified").rows == 19
    signer.undo(run)
    assert not signer.sandbox.records("deals")
    statement = signer.statement(run)
    ensure_adds_up(statement)
    assert step_of(statement, "back").rows == 19
    assert (step_of(statement, "remains").rows, step_of(statement, "remains").money) == (0, {})
    assert not {"account", "verified"} & {step.name for step in statement.waterfall}
    assert not any(line.after for line in statement.stages)
    assert not any(line.held for line in statement.fields)
    made = signer.page(run)
    for gone in ("After, in the account", "In the account, by the books", "read back from"):
        assert gone not in made
    assert "Taken back: deleted again" in made
    assert "After it was taken back" in made


def test_what_somebody_changed_stays_and_is_told_apart_from_companies(signer: Signer) -> None:
    """A deal that was kept is one, with its money and stage; its company is no deal."""
    run = load(signer)
    change(signer, "k4", amount="999")
    signer.undo(run)
    (kept,) = signer.sandbox.records("deals")
    statement = signer.statement(run)
    ensure_adds_up(statement)
    assert step_of(statement, "kept").rows == 1
    assert step_of(statement, "remains").money == {"USD": Decimal("4.50")}  # as the run wrote it
    assert [line.after.rows for line in statement.stages if line.after] == [1]
    assert kept["migrator_key"] == "k4"
    sentence = statement.verdict.sentence
    assert "18 records were deleted again, 1 stays, because it was changed since" in sentence
    assert "1 contact or company was deleted again, 1 stays" in sentence


def test_what_was_gone_already_is_no_record_that_stays(signer: Signer) -> None:
    """A deal that somebody deleted before the undo is taken back, whoever did it."""
    run = load(signer)
    deal = signer.sandbox.records("deals")[0]
    signer.stranger().delete(f"/crm/v3/objects/deals/{deal['id']}").raise_for_status()
    signer.undo(run)
    statement = signer.statement(run)
    ensure_adds_up(statement)
    assert step_of(statement, "back").rows == 19
    assert "18 records were deleted again, 1 was gone already" in statement.verdict.sentence


def test_records_that_were_changed_or_left_alone(signer: Signer) -> None:
    """Of a second load: what it changed is restored, and what it found stays as it was."""
    load(signer)
    again = load(signer, 20, "again.csv", amount=lambda n: "77.00" if n == 1 else f"{n}.50")
    signer.undo(again)
    statement = signer.statement(again)
    ensure_adds_up(statement)
    rows = {step.name: step.rows for step in statement.waterfall}
    assert (rows["back"], rows["untouched"], rows["remains"]) == (1, 18, 18)
    assert "1 record was restored to what it was" in statement.verdict.sentence
    assert len(signer.sandbox.records("deals")) == 19


class _Killed(BaseException):
    """The process is gone."""


class _Killing(httpx.AsyncBaseTransport):
    """A network at which the process dies at the second batch of deletions."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._count = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._count += "deals/batch/archive" in request.url.path
        if self._count > 1:
            raise _Killed
        return await self._inner.handle_async_request(request)


def test_an_undo_that_was_stopped_says_what_waits(signer: Signer) -> None:
    """So many are taken back and so many are not yet, as the account has it; then all are."""
    run = load(signer, 220)
    signer.wrap = _Killing
    with pytest.raises(_Killed):
        signer.undo(run)
    signer.wrap = lambda inner: inner
    statement = signer.statement(run)
    ensure_adds_up(statement)
    there = len(signer.sandbox.records("deals"))
    assert 0 < there < 219
    assert step_of(statement, "back").rows == 219 - there
    assert step_of(statement, "waiting").rows == there
    assert "it is not finished (migrator resume" in statement.verdict.sentence
    assert "To be taken back still" in page(statement)
    _go_on(signer)
    statement = signer.statement(run)
    ensure_adds_up(statement)
    assert step_of(statement, "back").rows == 219


def _go_on(signer: Signer) -> None:
    """Resume the undo."""
    space = signer.workspace()

    async def act() -> None:
        async with connected(signer.target, space) as session:
            await undoing.go_on(space, space.journal.run(), session)

    try:
        signer.clock.run(act())
    finally:
        space.close()


def test_the_id_map_is_said_to_be_of_before(signer: Signer) -> None:
    """Its ids are those that the records had; nobody takes it for a list of what is there."""
    run = load(signer)
    signer.undo(run)
    (listed,) = [one for one in signer.statement(run).downloads if one.path == "id_map.csv"]
    assert "before the undo" in listed.what
