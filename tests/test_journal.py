"""The journal keeps what it was told, survives being reopened, and pages through any number."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import InputError, Stopped
from migrator.journal import Feed, Journal, Retries, Run, RunState, Settled, open_journal, phase_of
from migrator.journal.rows import ranges
from migrator.model import Action, Link, ObjectType, Op, OpState, Place

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RUN = Run(
    id="2026-11-22-a1",
    created_at="2026-11-22T10:00:00Z",
    state=RunState.PLANNED,
    vendor="somecrm",
    account="42",
    template="pipedrive",
    template_fingerprint="t",
    source_fingerprint="s",
    account_fingerprint="a",
    settings={"files": ["deals.csv"]},
)


def op(seq: int, **changes: object) -> Op:
    """An op of the deal in record ``seq``."""
    values: dict[str, object] = {
        "seq": seq,
        "type": ObjectType.DEALS,
        "action": Action.CREATE,
        "key": f"k{seq}",
        "id": None,
        "properties": {"dealname": "Ünïcode\n"},
        "before": {"dealname": None},
        "links": (Link(ObjectType.CONTACTS, "a@example.com", "7"),),
        "facts": {"amount": "12.50"},
        "place": Place("deals.csv", seq, seq + 1),
    }
    return Op(**(values | changes))  # type: ignore[arg-type]


def journal_with(tmp_path: Path, *ops: Op) -> Journal:
    """A journal that holds one run with these ops."""
    journal = Journal(tmp_path / "journal.db")
    journal.add_run(RUN)
    journal.add_ops(RUN.id, [(o, "", "") for o in ops])
    return journal


def test_ops_come_back_as_they_were(tmp_path: Path) -> None:
    """An op read from the journal equals the op that was stored, parents included."""
    parent = op(2, type=ObjectType.COMPANIES, place=None, links=())
    with journal_with(tmp_path, op(1), parent) as journal:
        assert journal.planned(RUN.id, 1, after=0, limit=10) == [op(1)]
        assert journal.planned(RUN.id, 0, after=0, limit=10) == [parent]


def test_a_reopened_journal_knows_what_was_sent(tmp_path: Path) -> None:
    """What ``sending`` and ``settle`` made durable is there after the process is gone."""
    journal = journal_with(tmp_path, op(1), op(2), op(3))
    journal.sending(RUN.id, [op(1), op(2)], NOON)
    journal.note_job(RUN.id, [op(1), op(2)], "process 7")
    journal.settle(RUN.id, [Settled(op(1), OpState.WRITTEN, "101")], NOON)
    other = Journal(tmp_path / "journal.db")  # the first was never closed, as after a kill
    (sent,) = other.unsettled(RUN.id, limit=9)
    assert (sent.op.key, sent.at, sent.job, sent.tries) == ("k2", NOON, "process 7", 1)
    assert [o.key for o in other.planned(RUN.id, 1, after=0, limit=9)] == ["k3"]
    assert other.tries(RUN.id, [op(1), op(3)]) == {"k1": 1, "k3": 0}
    assert other.counts(RUN.id) == {
        (ObjectType.DEALS, Action.CREATE, state): 1
        for state in (OpState.WRITTEN, OpState.SENT, OpState.PLANNED)
    }
    journal.close()
    other.close()


@given(
    st.lists(st.tuples(st.integers(1, 30), st.booleans()), unique_by=lambda one: one[0]),
    st.randoms(use_true_random=False),
)
def test_ranges_hold_the_ops_and_no_others(numbers: list[tuple[int, bool]], random: Random) -> None:
    """Whatever is left out between them, in whichever order they come, each op is in one range."""
    ops = [op(n, place=Place("f", n, n) if record else None) for n, record in numbers]
    random.shuffle(ops)
    found = list(ranges(ops))
    inside = [(phase, n) for phase, first, last in found for n in range(first, last + 1)]
    assert sorted(inside) == sorted((phase_of(one), one.seq) for one in ops)
    assert len(inside) == len(set(inside))
    gaps = [(phase, last + 1) for phase, _, last in found]
    assert not set(gaps) & set(inside), "two ranges that are one"


def test_only_what_is_sent_is_marked(tmp_path: Path) -> None:
    """Sending, its job, and taking it back concern a batch with gaps, and nothing between."""
    ops = [op(n) for n in range(1, 9)]
    batch = [ops[6], ops[0], ops[1], ops[4]]
    with journal_with(tmp_path, *ops) as journal:
        journal.sending(RUN.id, batch, NOON)
        journal.note_job(RUN.id, batch[:2], "7")
        open_ = journal.unsettled(RUN.id, limit=9)
        assert [(one.op.key, one.job) for one in open_] == [
            ("k1", "7"),
            ("k2", None),
            ("k5", None),
            ("k7", "7"),
        ]
        journal.unsend(RUN.id, batch[1:])
        assert [one.op.key for one in journal.unsettled(RUN.id, limit=9)] == ["k7"]
        tries = journal.tries(RUN.id, ops)
        assert [tries[f"k{n}"] for n in range(1, 9)] == [0, 0, 0, 0, 0, 0, 1, 0]


def test_answers_become_durable_with_the_next_sending(tmp_path: Path) -> None:
    """The answers come before the sending: what is written again right away is in doubt again."""
    first, again = op(1, content="old"), op(2, key="k1", id="101", action=Action.UPDATE)
    journal = journal_with(tmp_path, first, again)
    journal.sending(RUN.id, [first], NOON)
    journal.sending(RUN.id, [again], NOON, [Settled(first, OpState.WRITTEN, "101")])
    with Journal(tmp_path / "journal.db") as other:  # the first was never closed
        assert [one.op.seq for one in other.unsettled(RUN.id, limit=9)] == [2]
        assert next(other.finished(RUN.id, {OpState.WRITTEN})).op.id == "101"
        feed = Feed(RUN.vendor, RUN.account, RUN.template, ObjectType.DEALS)
        assert other.memory.known(feed, ["k1"])["k1"].content == ""
    journal.close()


def test_sending_again_forgets_the_job_of_before(tmp_path: Path) -> None:
    """The job of an earlier try says nothing of the next one."""
    with journal_with(tmp_path, op(1)) as journal:
        journal.sending(RUN.id, [op(1)], NOON)
        journal.note_job(RUN.id, [op(1)], "7")
        journal.settle(RUN.id, [Settled(op(1), OpState.PLANNED)], NOON)
        journal.sending(RUN.id, [op(1)], NOON)
        (sent,) = journal.unsettled(RUN.id, limit=1)
        assert (sent.job, sent.tries) == (None, 2)


def test_a_settled_op_keeps_its_id_code_and_message(tmp_path: Path) -> None:
    """Refusals keep the vendor's words; an id once known is not lost by a later state."""
    with journal_with(tmp_path, op(1, id="9", action=Action.UPDATE), op(2)) as journal:
        journal.settle(
            RUN.id,
            [
                Settled(op(1), OpState.PLANNED),
                Settled(op(2), OpState.REFUSED, code="INVALID", message="no such stage"),
            ],
            NOON,
        )
        first, second = journal.finished(RUN.id)
        assert (first.op.id, first.op.state) == ("9", OpState.PLANNED)
        assert (second.code, second.message) == ("INVALID", "no such stage")


def test_parents_are_found_by_key(tmp_path: Path) -> None:
    """A record finds the id of a parent that the same run created."""
    parent = op(1, type=ObjectType.COMPANIES, key="acme", place=None)
    with journal_with(tmp_path, parent, op(2)) as journal:
        asked = journal.parents(RUN.id, ObjectType.COMPANIES, ["acme", "k2"])
        assert asked == {"acme": (OpState.PLANNED, None)}
        journal.settle(RUN.id, [Settled(parent, OpState.WRITTEN, "55")], NOON)
        asked = journal.parents(RUN.id, ObjectType.COMPANIES, ["acme"])
        assert asked == {"acme": (OpState.WRITTEN, "55")}


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_finished_gives_every_op_once(count: int, tmp_path: Path) -> None:
    """Paging gives each op exactly once, in the order of sending, parents first."""
    ops = [op(n, place=None if n % 7 == 0 else Place("f", n, n)) for n in range(1, count + 1)]
    with journal_with(tmp_path, *ops) as journal:
        found = [f.op.seq for f in journal.finished(RUN.id)]
        expected = sorted(ops, key=lambda o: (o.place is not None, o.seq))
        assert found == [o.seq for o in expected]


def test_a_run_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    """The newest run is the default; an ambiguous or unknown id names the known ones."""
    with journal_with(tmp_path) as journal:
        journal.add_run(replace(RUN, id="2026-11-23-b2", created_at="2026-11-23T10:00:00Z"))
        assert journal.run().id == "2026-11-23-b2"
        assert journal.run("2026-11-22").id == RUN.id
        assert journal.run(RUN.id) == RUN
        with pytest.raises(InputError, match=r"several runs.*2026-11-22-a1, 2026-11-23-b2"):
            journal.run("2026-11")
        with pytest.raises(InputError, match='no run "nope"'):
            journal.run("nope")


def test_an_empty_journal_says_so(tmp_path: Path) -> None:
    """Asking for the newest run of an empty journal is a user's error, not a crash."""
    with Journal(tmp_path / "j.db") as journal, pytest.raises(InputError, match="none yet"):
        journal.run()


def test_states_and_settings_move_on(tmp_path: Path) -> None:
    """A run's state, fingerprint and settings are kept; a cleared plan is gone."""
    with journal_with(tmp_path, op(1)) as journal:
        journal.set_state(RUN.id, RunState.RUNNING)
        journal.update_run(RUN.id, account_fingerprint="b", settings={"n": 1})
        run = journal.run()
        assert (run.state, run.account_fingerprint, run.settings) == ("running", "b", {"n": 1})
        journal.clear_ops(RUN.id)
        assert list(journal.finished(RUN.id)) == []


def test_a_half_stored_chunk_leaves_nothing(tmp_path: Path) -> None:
    """A chunk of ops is stored whole or not at all."""
    with journal_with(tmp_path, op(1)) as journal:
        with pytest.raises(sqlite3.IntegrityError):
            journal.add_ops(RUN.id, [(op(2), "", ""), (op(1), "", "")])
        assert [f.op.seq for f in journal.finished(RUN.id)] == [1]


def test_a_full_disk_stops_the_run_and_says_what_to_do(tmp_path: Path) -> None:
    """A journal that cannot be written raises ``Stopped``, before anything is sent."""
    with journal_with(tmp_path, op(1)) as journal:
        pages = journal.store.connection.execute("PRAGMA page_count").fetchone()[0]
        journal.store.connection.execute(f"PRAGMA max_page_count = {pages}")
        many = [(op(n, properties={"x": "y" * 5000}), "", "") for n in range(2, 50)]
        with pytest.raises(Stopped, match=r"is full.*make room"):
            journal.add_ops(RUN.id, many)


def test_a_damaged_journal_is_a_users_error(tmp_path: Path) -> None:
    """No traceback for a file that was damaged, whether it is read or written."""
    with journal_with(tmp_path, *(op(n) for n in range(1, 500))) as journal:
        path = journal.path
    content = bytearray(path.read_bytes())
    for page in range(8192, len(content), 4096):
        content[page : page + 200] = b"\xff" * 200
    path.write_bytes(bytes(content))
    with Journal(path) as journal:
        with pytest.raises(InputError, match="damaged"):
            journal.planned(RUN.id, 1, after=0, limit=10)
        with pytest.raises(InputError, match="damaged"):
            journal.sending(RUN.id, [op(n) for n in range(1, 500)], datetime.now(UTC))


def test_runs_with_open_ops_are_known(tmp_path: Path) -> None:
    """Only a run of which something was sent and not answered is open."""
    with journal_with(tmp_path, op(1), op(2)) as journal:
        assert journal.open_runs() == []
        journal.sending(RUN.id, [op(1), op(2)], datetime.now(UTC))
        assert [run.id for run in journal.open_runs()] == [RUN.id]
        journal.settle(RUN.id, [Settled(op(1), OpState.WRITTEN, "7")], NOON)
        journal.unsend(RUN.id, [op(2)])
        assert journal.open_runs() == []


def test_a_journal_in_an_impossible_place_is_a_users_error(tmp_path: Path) -> None:
    """No traceback for a folder that cannot be made, nor for an address of another kind."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="--state"):
        Journal(tmp_path / "file" / "journal.db")
    with pytest.raises(InputError, match="postgres"):
        open_journal("postgres://db/x")
    with open_journal(f"sqlite:///{tmp_path}/a.db") as journal:
        assert journal.path == tmp_path / "a.db"
        assert os.path.exists(tmp_path / "a.db")  # noqa: PTH110 - the file itself, not our word


def test_a_journal_of_before_goes_on(tmp_path: Path) -> None:
    """Tables of version 3, which had all of an op in one row, are brought up to date unharmed."""
    other = op(3, type=ObjectType.COMPANIES, key="acme", place=None, links=(), before={}, facts={})
    ops = [op(1, content="c"), op(2), other]
    with journal_with(tmp_path, *ops) as journal:
        journal.sending(RUN.id, ops[:2], NOON)
        journal.note_job(RUN.id, ops[:2], "7")
        refused = Settled(ops[1], OpState.REFUSED, code="BAD", message="no")
        journal.settle(RUN.id, [refused], NOON)
        told = list(journal.finished(RUN.id)), journal.unsettled(RUN.id, limit=9)
    _as_of_version_3(tmp_path / "journal.db")
    for _ in range(2):
        with Journal(tmp_path / "journal.db") as journal:
            assert (list(journal.finished(RUN.id)), journal.unsettled(RUN.id, limit=9)) == told
            assert journal.parents(RUN.id, ObjectType.COMPANIES, ["acme"]) == {
                "acme": (OpState.PLANNED, None)
            }
    assert _layout(tmp_path / "journal.db") == _layout_of_new(tmp_path / "new.db")


def _as_of_version_3(path: Path) -> None:
    """Put the tables of a journal as they were in version 3."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(
            """
            CREATE TABLE before AS SELECT * FROM ops JOIN wishes USING (run, phase, seq);
            DROP TABLE ops; DROP TABLE wishes;
            CREATE TABLE ops (
                run TEXT NOT NULL, phase INTEGER NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL,
                action TEXT NOT NULL, state TEXT NOT NULL, key TEXT NOT NULL, target_id TEXT,
                properties TEXT NOT NULL, before TEXT NOT NULL, links TEXT NOT NULL,
                facts TEXT NOT NULL, content TEXT NOT NULL, file TEXT, record INTEGER, line INTEGER,
                tries INTEGER NOT NULL DEFAULT 0, sent_at TEXT, job TEXT, settled_at TEXT,
                seen_at TEXT, code TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '',
                PRIMARY KEY (run, phase, seq)
            ) WITHOUT ROWID;
            INSERT INTO ops SELECT run, phase, seq, type, action, state, key, target_id, properties,
                before, links, facts, content, file, record, line, tries, sent_at, job, settled_at,
                seen_at, code, message FROM before;
            DROP TABLE before;
            CREATE INDEX unsettled ON ops (run, phase, seq) WHERE state = 'sent';
            CREATE INDEX parents ON ops (run, type, key) WHERE phase = 0;
            PRAGMA user_version = 3;
            """
        )


def _layout_of_new(path: Path) -> object:
    Journal(path).close()
    return _layout(path)


def _layout(path: Path) -> object:
    """Tables and indexes with their columns, and the version of a journal."""
    with closing(sqlite3.connect(path)) as db:
        names = sorted(db.execute("SELECT type, name, tbl_name FROM sqlite_master"))
        columns = {
            name: db.execute(f"PRAGMA table_xinfo({name})").fetchall() for _, name, _ in names
        }
        return names, columns, db.execute("PRAGMA user_version").fetchone()


def test_what_is_planned_anew_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ops that are forgotten take along what they were to write; what was sent keeps it."""
    ops = [op(n) for n in range(1, 5)]
    with journal_with(tmp_path, *ops) as journal:
        journal.sending(RUN.id, ops[:1], NOON)
        journal.drop_planned(RUN.id)
        assert [one.op.properties for one in journal.finished(RUN.id)] == [ops[0].properties]
        journal.add_ops(RUN.id, [(one, "", "") for one in ops[1:]])
        assert journal.planned(RUN.id, 1, after=0, limit=9) == ops[1:]
        journal.clear_ops(RUN.id)
        journal.add_ops(RUN.id, [(one, "", "") for one in ops])
        assert journal.planned(RUN.id, 1, after=0, limit=9) == ops


def test_bare_ops_lack_what_they_write_and_nothing_else(tmp_path: Path) -> None:
    """Who asks for less gets the same ops in the same order, without their wishes."""
    ops = [op(n, place=None if n == 2 else Place("f", n, n)) for n in (1, 2, 3)]
    with journal_with(tmp_path, *ops) as journal:
        whole = list(journal.finished(RUN.id))
        bare = list(journal.finished(RUN.id, bare=True))
        nothing: dict[str, Any] = {"properties": {}, "before": {}, "links": (), "facts": {}}
        assert bare == [replace(one, op=replace(one.op, **nothing)) for one in whole]


def test_records_that_are_there_are_found_among_many(tmp_path: Path) -> None:
    """Of planned ops those with an id are told, in order, some at a time, and no others."""
    ops = [op(n, id=str(n) if n % 3 == 0 else None) for n in range(1, 20)]
    with journal_with(tmp_path, *ops) as journal:
        journal.sending(RUN.id, [ops[5]], NOON)
        first = journal.planned(RUN.id, 1, after=0, limit=2, there=True)
        rest = journal.planned(RUN.id, 1, after=first[-1].seq, limit=9, there=True)
        assert [one.seq for one in [*first, *rest]] == [3, 9, 12, 15, 18]


def test_what_the_books_need_is_what_stands_in_the_ops(tmp_path: Path) -> None:
    """The narrow reading says of every op the same as the wide one, chosen properties included."""
    ops = [
        op(n, place=None if n % 5 == 0 else Place("f", n, n), properties={"a": f"{n}", 'b"': "x"})
        for n in range(1, 1_203)
    ]
    with journal_with(tmp_path, *ops) as journal:
        journal.sending(RUN.id, ops[:900], NOON)
        answers = [
            Settled(one, OpState.REFUSED, code="refused", message="no")
            if one.seq % 7 == 0
            else Settled(one, OpState.WRITTEN, f"id{one.seq}")
            for one in ops[:800]
        ]
        journal.settle(RUN.id, answers, NOON)
        narrow = list(Retries(journal).booked_in(RUN.id, ["a", "", "missing"]))
        wide = list(journal.finished(RUN.id))
    assert len(narrow) == len(ops)
    for booked, finished in zip(narrow, wide, strict=True):
        one, place = finished.op, finished.op.place
        assert booked[:5] == (one.type, one.action, one.state, one.key, one.id)
        assert booked.record == (place.record if place else None)
        assert (booked.code, booked.message) == (finished.code, finished.message)
        assert (booked.settled_at, booked.facts) == (finished.settled_at, one.facts)
        assert booked.chosen == [one.properties["a"], None, None]
