"""Where nothing tells what became of a row, the run goes on without it and a person is asked."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from migrator.cli.main import main
from migrator.errors import InputError, OutcomeUnknown
from migrator.journal import Settled
from migrator.model import UNKNOWN, Action, OpState, Outcome
from migrator.runs.unknown import answer, read_answers
from migrator.wire import Fault, FaultKind, Faulty
from tests.support import Rehearsal, deals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import httpx

    from migrator.model import ObjectType, Sent
    from migrator.runs.target import Target

DEALS = 250


class Blind:
    """A CRM that gives no means to find out what became of a lost create; all else as it is."""

    def __init__(self, vendor: Any) -> None:
        self._vendor = vendor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vendor, name)

    async def recover(self, type: ObjectType, sent: Sequence[Sent]) -> list[Outcome]:
        """Nothing is known of a create."""
        del type
        message = "look for a deal of this name."
        return [
            Outcome(one.op.key, OpState.SENT, None, UNKNOWN, message)
            for one in sent
            if one.op.action is Action.CREATE
        ]


@dataclass
class Blindly(Rehearsal):
    """A rehearsal with such a CRM, in which the answers to some requests are lost."""

    lost: Mapping[int, FaultKind] = None  # type: ignore[assignment]
    path: str = "deals/batch/create"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._seen = 0

    def _fault(self, request: httpx.Request) -> Fault | None:
        if not request.url.path.endswith(self.path):
            return None
        self._seen += 1
        kind = self.lost.get(self._seen)
        return Fault(kind) if kind else None

    @property
    def target(self) -> Target:
        """The account, seen blindly and over a bad line."""
        found = super().target
        see = found.product.connect
        product = replace(found.product, connect=lambda client, clock: Blind(see(client, clock)))
        assert found.transport
        return replace(
            found, product=product, transport=Faulty(found.transport, self._fault, self.clock)
        )


def blindly(tmp_path: Path, kind: FaultKind, path: str = "deals/batch/create") -> Blindly:
    """The second batch of three gets no answer."""
    return Blindly(tmp_path, lost={2 if path.startswith("deals") else 1: kind}, path=path)


def stop(rehearsal: Rehearsal, text: str) -> str:
    """Load a file into a run that ends with rows unknown; the run's id."""
    source = rehearsal.source(text)
    with pytest.raises(OutcomeUnknown):
        rehearsal.load(rehearsal.template(), source)
    return newest(rehearsal)


def newest(rehearsal: Rehearsal) -> str:
    """The newest run's id."""
    space = rehearsal.workspace()
    try:
        return space.journal.run().id
    finally:
        space.close()


def folder(rehearsal: Rehearsal, run: str) -> Path:
    """Where a run's files are."""
    return rehearsal.folder / ".migrator" / "runs" / run


def unsettled(rehearsal: Rehearsal, run: str) -> list[dict[str, str]]:
    """What the list of unknown rows says."""
    path = folder(rehearsal, run) / "unsettled.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("kind", [FaultKind.LOST_BEFORE, FaultKind.LOST_AFTER])
def test_a_person_settles_what_nothing_else_can(kind: FaultKind, tmp_path: Path) -> None:
    """All else is written, the unknown rows are listed, and the answers complete the run."""
    rehearsal = blindly(tmp_path, kind)
    run = stop(rehearsal, deals(DEALS))
    landed = kind is FaultKind.LOST_AFTER
    assert len(rehearsal.keys()) == (DEALS if landed else DEALS - 100)
    listed = unsettled(rehearsal, run)
    assert [row["key"] for row in listed] == [f"k{n}" for n in range(101, 201)]
    assert listed[0]["look_for"] == "look for a deal of this name."
    assert (listed[0]["record"], listed[0]["line"]) == ("101", "102")
    books = json.loads((folder(rehearsal, run) / "report.json").read_text(encoding="utf-8"))
    assert (books["rows"]["created"], books["rows"]["unknown"]) == (DEALS - 100, 100)
    assert books["adds_up"]
    rejects = (folder(rehearsal, run) / "rejects.csv").read_text(encoding="utf-8")
    assert len(rejects.splitlines()) == 1  # the header: a row retried from there would be doubled

    ids = {deal["migrator_key"]: deal["id"] for deal in rehearsal.sandbox.records("deals")}
    space = rehearsal.workspace()
    told = answer(space, run, {row["key"]: ids.get(row["key"]) for row in listed})
    assert len(told.written if landed else told.not_written) == 100
    report = rehearsal.execute(space.journal.run(run))
    space.close()
    assert report.adds_up
    assert report.rows["created"] == DEALS
    assert sorted(set(rehearsal.keys())) == rehearsal.keys()
    assert len(rehearsal.keys()) == DEALS
    assert unsettled(rehearsal, run) == []
    assert rehearsal.verify().agrees


def test_nothing_unknown_is_ever_sent_again(tmp_path: Path) -> None:
    """However often it is resumed, a row stays unknown until a person has told."""
    rehearsal = blindly(tmp_path, FaultKind.LOST_AFTER)
    run = stop(rehearsal, deals(DEALS))
    for _ in range(3):
        space = rehearsal.workspace()
        with pytest.raises(OutcomeUnknown, match="migrator settle"):
            rehearsal.execute(space.journal.run(run))
        space.close()
    assert len(rehearsal.keys()) == DEALS


def test_no_other_run_writes_before_it_is_settled(tmp_path: Path) -> None:
    """The same file started anew would write the unknown rows once more."""
    rehearsal = blindly(tmp_path, FaultKind.LOST_BEFORE)
    stop(rehearsal, deals(DEALS))
    held = len(rehearsal.keys())
    with pytest.raises(OutcomeUnknown):
        rehearsal.load(rehearsal.template(), rehearsal.source(deals(DEALS), "again.csv"))
    assert len(rehearsal.keys()) == held


@pytest.mark.parametrize("kind", [FaultKind.LOST_BEFORE, FaultKind.LOST_AFTER])
def test_records_wait_for_an_unknown_parent(kind: FaultKind, tmp_path: Path) -> None:
    """Deals of a company that may or may not be there are neither parked nor written unlinked."""
    rehearsal = blindly(tmp_path, kind, "companies/batch/create")
    text = deals(6, company=lambda n: "Acme" if n % 2 else "")
    run = stop(rehearsal, text)
    assert rehearsal.keys() == ["k2", "k4", "k6"]
    (listed,) = unsettled(rehearsal, run)
    assert (listed["type"], listed["key"]) == ("companies", "acme")
    there = {company["name"]: company["id"] for company in rehearsal.sandbox.records("companies")}
    space = rehearsal.workspace()
    answer(space, run, {"companies:acme": there.get("Acme")})
    report = rehearsal.execute(space.journal.run(run))
    space.close()
    assert (report.rows["created"], report.rows["parked"]) == (6, 0)
    assert len(rehearsal.sandbox.records("companies")) == 1
    assert len(rehearsal.sandbox.associations("deals", "companies")) == 3


def test_an_answer_to_no_question_changes_nothing(tmp_path: Path) -> None:
    """A wrong key is named with the near ones, and none of the answers is taken."""
    rehearsal = blindly(tmp_path, FaultKind.LOST_AFTER)
    run = stop(rehearsal, deals(DEALS))
    space = rehearsal.workspace()
    with pytest.raises(InputError, match=r'no record "k1055".*Did you mean "k1'):
        answer(space, run, {"k101": None, "k1055": "7"})
    assert len(space.journal.unknown(run)) == 100
    space.close()


def test_the_filled_in_list_is_read_back(tmp_path: Path) -> None:
    """As Excel saves it: other delimiter, byte order mark; blank answers are none."""
    path = tmp_path / "unsettled.csv"
    path.write_text(
        "type;key;answer;look_for\r\ndeals;a=b;17;x\r\ndeals;c;No;x\r\ndeals;d;;x\r\n",
        encoding="utf-8-sig",
    )
    assert read_answers(path) == {"deals:a=b": "17", "deals:c": None}
    path.write_text("key,answer\n", encoding="utf-8")
    with pytest.raises(InputError, match="no columns type, key and answer"):
        read_answers(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_answers(tmp_path / "none.csv")


def test_the_command_lists_asks_and_notes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`settle` exits 5 while anything is unknown, 0 once all is told, also by a file."""
    rehearsal = blindly(tmp_path, FaultKind.LOST_AFTER)
    run = stop(rehearsal, deals(101 + 2))
    rehearsal.clock.seconds += 1

    def settle(*arguments: str) -> tuple[int, str]:
        state = str(tmp_path / ".migrator" / "journal.db")
        with pytest.raises(SystemExit) as ended:
            main(["settle", run, *arguments, "--state", state])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out + err

    code, text = settle()
    assert code == 5
    assert 'deals "k101" (record 101, sent' in text
    code, text = settle("--written", "k101=4711")
    assert code == 5
    assert "1 written, 0 not written" in text
    code, text = settle("--written", "k102=1", "--not-written", "k102")
    assert code == 2
    path = tmp_path / "answers.csv"
    path.write_text("type,key,answer\ndeals,k102,no\n", encoding="utf-8")
    code, text = settle("--answers", str(path), "--not-written", "k103")
    assert code == 0
    assert f"Go on: migrator resume {run}" in text
    code, text = settle("--written", "nonsense")
    assert code == 2
    assert "does not read KEY=ID" in text


def answers_of(rehearsal: Rehearsal, run: str, answers: Mapping[str, str | None]) -> int:
    """Tell what became of rows; how many are left."""
    space = rehearsal.workspace()
    try:
        return len(answer(space, run, answers).left)
    finally:
        space.close()


def test_a_list_that_is_half_filled_in_is_kept(tmp_path: Path) -> None:
    """Whoever resumes, or answers others, before giving the list does not lose what is in it."""
    rehearsal = blindly(tmp_path, FaultKind.LOST_AFTER)
    run = stop(rehearsal, deals(DEALS))
    path = folder(rehearsal, run) / "unsettled.csv"
    text = path.read_text(encoding="utf-8")
    text = text.replace("deals,k101,,", "deals,k101,4711,").replace(
        "deals,k102,,", "deals,k102,No,"
    )
    path.write_text(text, encoding="utf-8")
    space = rehearsal.workspace()
    with pytest.raises(OutcomeUnknown):
        rehearsal.execute(space.journal.run(run))
    space.close()
    assert answers_of(rehearsal, run, {"k103": None}) == 99
    assert {row["key"]: row["answer"] for row in unsettled(rehearsal, run)[:2]} == {
        "k101": "4711",
        "k102": "no",
    }
    assert answers_of(rehearsal, run, read_answers(path)) == 97


def test_one_record_is_not_told_to_be_two_rows(tmp_path: Path) -> None:
    """A mistyped id would hide that a row is missing: it is refused, and nothing is noted."""
    rehearsal = blindly(tmp_path, FaultKind.LOST_AFTER)
    run = stop(rehearsal, deals(DEALS))
    ids = {deal["migrator_key"]: deal["id"] for deal in rehearsal.sandbox.records("deals")}
    with pytest.raises(InputError, match='is that of "k1" already'):
        answers_of(rehearsal, run, {"k101": ids["k1"]})
    with pytest.raises(InputError, match=r'is that of "k10[12]" already'):
        answers_of(rehearsal, run, {"k101": "4711", "k102": "4711"})
    with pytest.raises(InputError, match="answered twice"):
        answers_of(rehearsal, run, {"k101": "4711", "deals:k101": None})
    assert answers_of(rehearsal, run, {}) == 100


def test_a_record_of_another_run_is_not_told_to_be_a_row_s(tmp_path: Path) -> None:
    """What an earlier run wrote was not made by this one: the row would be missing unnoticed."""
    rehearsal = Blindly(tmp_path, lost={2: FaultKind.LOST_AFTER})
    first = rehearsal.load(rehearsal.template(), rehearsal.source(deals(50)))
    run = stop(rehearsal, deals(DEALS, id=lambda n: f"k{50 + n}"))
    ids = {deal["migrator_key"]: deal["id"] for deal in rehearsal.sandbox.records("deals")}
    with pytest.raises(InputError, match=f'is that of "k7", which run {first.run} wrote'):
        answers_of(rehearsal, run, {"k51": ids["k7"]})
    assert answers_of(rehearsal, run, {"k51": ids["k51"]}) == 99


def test_an_answer_comes_too_late_for_what_is_known_by_now(tmp_path: Path) -> None:
    """A row that a load found out meanwhile is not sent again for a person's word."""
    rehearsal = blindly(tmp_path, FaultKind.LOST_AFTER)
    run = stop(rehearsal, deals(DEALS))
    space = rehearsal.workspace()
    one = space.journal.unknown(run)[0]
    space.journal.settle(run, [Settled(one.op, OpState.WRITTEN, "4711")], rehearsal.clock.now())
    space.journal.answered(run, [(one.op, None)])
    assert space.journal.planned(run, 1, after=0, limit=10) == []
    space.close()
