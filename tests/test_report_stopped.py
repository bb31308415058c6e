"""The report of a run that was stopped says what is so, at whatever point that was."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.errors import InputError
from migrator.journal import RunState
from migrator.report import as_text
from migrator.report.page import page
from migrator.report.statement import Standing
from migrator.runs.limits import Limit
from tests.pages import parsed
from tests.signing import Signer, step_of
from tests.support import deals

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from migrator.journal import Run

    _At = Callable[[httpx.Request], bool]

TEMPLATE = """
name: test
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: New Pipeline}
  stage: {from: stage}
  amount: {from: amount}
  companies: {from: company, on_missing: create}
create:
  pipelines: [{label: New Pipeline, stages: [{label: Closed Won}]}]
"""
COUNT = 12


class Killed(BaseException):
    """The process is gone."""


class Killing(httpx.AsyncBaseTransport):
    """A network at which the process dies when it sends a certain request."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, at: Callable[[httpx.Request], bool]
    ) -> None:
        self._inner = inner
        self._at = at

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Die, or pass the request on."""
        if self._at(request):
            raise Killed
        return await self._inner.handle_async_request(request)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    """An account with nothing in it."""
    return Signer(tmp_path)


def export() -> str:
    """Twelve deals of three companies; one has no title."""
    return deals(
        COUNT,
        title=lambda n: "" if n == 7 else f"Deal {n}",
        stage=lambda _: "Closed Won",
        company=lambda n: f"Company {n % 3}",
    )


def killed(signer: Signer, at: _At, act: Callable[[], object]) -> Run:
    """A run of which the process died at a request."""
    signer.wrap = lambda inner: Killing(inner, at)
    with pytest.raises(Killed):
        act()
    signer.wrap = lambda inner: inner
    return newest(signer)


def newest(signer: Signer) -> Run:
    """The newest run."""
    space = signer.workspace()
    try:
        return space.journal.run()
    finally:
        space.close()


def load(signer: Signer) -> object:
    """Load the export."""
    return signer.load(signer.template(TEMPLATE), signer.source(export()))


def asks_for(path: str, method: str = "POST") -> _At:
    """Whether a request is of this kind."""
    return lambda request: request.method == method and path in request.url.path


def told(signer: Signer, run: Run) -> tuple[str, str]:
    """The verdict and the text of a run; the page can be made, and nothing fails to add up."""
    statement = signer.statement(run.id)
    assert statement.verdict.standing is Standing.OPEN
    made = page(statement)
    assert "NOT add up" not in made
    text = as_text(statement.books)
    assert "adds up" in text
    return statement.verdict.sentence, text


def test_killed_while_planning(signer: Signer) -> None:
    """Nothing was written, all rows are still to come, and the command begins it again."""
    run = killed(signer, asks_for("/search"), lambda: load(signer))
    assert run.state is RunState.PLANNING
    sentence, text = told(signer, run)
    assert "Planning did not come to its end, and nothing was written" in sentence
    assert step_of(signer.statement(run.id), "left").rows == COUNT
    (line,) = [one for one in text.splitlines() if "migrator run" in one]
    words = shlex.split(line)
    parsed(words[1:])  # click itself reads it
    request = run.settings["request"]
    assert words[2:] == [request["template"], *request["files"], "--to", "hubspot"]


def test_a_plan_that_was_refused_for_its_rejects_tells_them(signer: Signer) -> None:
    """Rows that were rejected count as that, and the others as not loaded."""
    template, source = signer.template(TEMPLATE), signer.source(export())
    with pytest.raises(InputError, match="max-rejects"):
        signer.plan(template, source, limit=Limit(0))
    _, text = told(signer, newest(signer))
    assert "rejected               1" in text
    assert f"left {COUNT - 1:>19}" in text


def test_killed_while_the_account_is_prepared(signer: Signer) -> None:
    """No record was written; a resume goes on, and then all is there."""
    run = killed(signer, asks_for("/pipelines/"), lambda: load(signer))
    assert run.state is RunState.PROVISIONING
    sentence, text = told(signer, run)
    assert "no record was written yet" in sentence
    assert f"    migrator resume {run.id}" in text.splitlines()
    signer.execute(run)
    assert len(signer.sandbox.records("deals")) == COUNT - 1


def test_killed_while_it_plans_again(signer: Signer) -> None:
    """Half a plan is no outcome of rows: those it does not name yet are still to come."""
    run = killed(signer, asks_for("/pipelines/"), lambda: load(signer))
    space = signer.workspace()
    space.journal.clear_ops(run.id)
    space.close()
    _, text = told(signer, run)
    assert f"left {COUNT - 1:>19}" in text
    assert "not loaded yet" not in text.partition("adds up")[2]  # no sums of half a plan


def test_killed_while_it_writes(signer: Signer) -> None:
    """What is in and what is not, and the resume."""
    run = killed(signer, asks_for("deals/batch/create"), lambda: load(signer))
    sentence, text = told(signer, run)
    assert f"{COUNT - 1} are not loaded yet (migrator resume {run.id})" in sentence
    assert f"    migrator resume {run.id}" in text.splitlines()


def test_a_retry_that_was_killed_while_planning(signer: Signer) -> None:
    """Its rows are as they were without it, and it can be begun again with the same file."""
    report = signer.load(signer.template(TEMPLATE), signer.source(export()))
    signer.clock.seconds += 600
    path = signer.edited(report, lambda row: row | {"title": "mended"})
    run = killed(signer, asks_for("batch/read"), lambda: signer.retry(path))
    sentence, text = told(signer, run)
    assert sentence.startswith("Of this retry: Planning did not come to its end")
    assert f"what is so without it, of run {report.run}" in sentence
    (line,) = [one for one in text.splitlines() if "migrator retry" in one]
    again = shlex.split(line)[2]
    signer.clock.seconds += 600
    assert signer.retry(again).rows["created"] == COUNT


def test_all_rows_rejected(signer: Signer) -> None:
    """None is in the account, each has its reason, and it adds up."""
    text = deals(3, title=lambda _: "", stage=lambda _: "Closed Won", company=lambda _: "C")
    report = signer.load(signer.template(TEMPLATE), signer.source(text))
    statement = signer.statement(report.run)
    assert "None of 3 rows is in" in statement.verdict.sentence
    assert "3 required" in as_text(statement.books)
    assert page(statement)


def test_a_cleanup_is_begun_again_as_one(signer: Signer) -> None:
    """The command of a stopped `--update-only` says so: without that it would create records."""
    run = killed(signer, asks_for("/search"), lambda: load(signer))
    settings = {
        **run.settings,
        "request": {
            **run.settings["request"],
            "narrow": {"only": ["owner", "stage"], "match": "id"},
            "decisions": "my decisions.csv",
        },
        "vendor_options": {"via": "import"},
    }
    space = signer.workspace()
    journal = space.journal
    journal.update_run(run.id, account_fingerprint=run.account_fingerprint, settings=settings)
    space.close()
    _, text = told(signer, run)
    assert "--update-only --only owner,stage --match id --decisions 'my decisions.csv'" in text
    assert "--option via=import" in text
