"""The run's memory: what was meant, sent and answered, and the value before.

An intent is durable before its request leaves (:meth:`Journal.sending`), an answer is durable
before the next step (:meth:`Journal.settle`). What a method has written survives a kill and a power
cut (see :mod:`migrator.journal.store`). Several runs share one file.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Self

from migrator.errors import InputError
from migrator.journal.memory import Memory
from migrator.journal.rows import (
    ADD_OP,
    ADD_WISH,
    BARE_COLUMNS,
    OP_COLUMNS,
    OPS,
    RUN_COLUMNS,
    SCHEMA,
    SENT_OPS,
    WITHOUT_WISHES,
    Finished,
    Unknown,
    in_order,
    instant,
    op_of,
    phase_of,
    ranges,
    row_of,
    run_of,
    wish_of,
)
from migrator.journal.store import Store
from migrator.model import UNKNOWN, Action, ObjectType, OpState, Sent

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from migrator.journal.rows import Run, RunState, Settled
    from migrator.model import Op

_WITHIN = "run = ? AND phase = ? AND seq BETWEEN ? AND ?"


class Journal:
    """A journal file.

    Raises (from every method):
        Stopped: the disk is full or the file cannot be written; nothing was sent since.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = Store(path, SCHEMA, {3: WITHOUT_WISHES})
        self.memory = Memory(self.store)
        self._read = self.store.read
        self._write = self.store.write

    def close(self) -> None:
        """Close the file; further calls fail."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- runs ----------------------------------------------------------------------------------

    def add_run(self, run: Run) -> None:
        """Remember a new run."""
        with self._write() as cursor:
            cursor.execute(
                f"INSERT INTO runs ({RUN_COLUMNS}) VALUES ({', '.join('?' * 10)})",  # noqa: S608 - constant
                (
                    run.id,
                    run.created_at,
                    run.state,
                    run.vendor,
                    run.account,
                    run.template,
                    run.template_fingerprint,
                    run.source_fingerprint,
                    run.account_fingerprint,
                    json.dumps(dict(run.settings)),
                ),
            )

    def runs(self) -> list[Run]:
        """All runs, the newest last."""
        rows = self._read(f"SELECT {RUN_COLUMNS} FROM runs ORDER BY created_at, rowid")  # noqa: S608 - constant
        return [run_of(row) for row in rows]

    def run(self, run_id: str | None = None) -> Run:
        """The run of that id (or its unique beginning); the newest when none is named.

        Raises:
            InputError: no such run.
        """
        runs = self.runs()
        if run_id is None and runs:
            return runs[-1]
        found = [run for run in runs if run.id == run_id]
        found = found or [run for run in runs if run_id and run.id.startswith(run_id)]
        if len(found) == 1:
            return found[0]
        what = f'no run "{run_id}"' if run_id else "no run"
        if len(found) > 1:
            what = f'several runs that begin with "{run_id}"'
        known = ", ".join(run.id for run in runs[-5:]) or "none yet"
        raise InputError(f"{self.path} holds {what}. Known: {known} (see `migrator status`).")

    def set_state(self, run_id: str, state: RunState) -> None:
        """Move a run on."""
        with self._write() as cursor:
            cursor.execute("UPDATE runs SET state = ? WHERE id = ?", (state, run_id))

    def update_run(self, run_id: str, *, account_fingerprint: str, settings: object) -> None:
        """Store what is known of a run only after it was planned or its account provisioned."""
        with self._write() as cursor:
            cursor.execute(
                "UPDATE runs SET account_fingerprint = ?, settings = ? WHERE id = ?",
                (account_fingerprint, json.dumps(settings), run_id),
            )

    def touched(self, vendor: str, account: str) -> datetime | None:
        """When a run of ours last sent anything to an account, or heard of it."""
        rows = self._read(
            "SELECT touched_at FROM runs WHERE vendor = ? AND account = ? AND touched_at NOT NULL",
            (vendor, account),
        )
        return max((datetime.fromisoformat(at) for (at,) in rows), default=None)

    # -- ops: the plan -------------------------------------------------------------------------

    def add_ops(self, run_id: str, ops: Iterable[tuple[Op, str, str]]) -> None:
        """Store ops of a plan, each with a code and a message (blank unless it is parked)."""
        with self._write() as cursor:
            some = list(ops)
            cursor.executemany(ADD_OP, (row_of(run_id, *one) for one in some))
            cursor.executemany(ADD_WISH, (wish_of(run_id, op) for op, _, _ in some))

    def clear_ops(self, run_id: str) -> None:
        """Forget a plan of which nothing was sent."""
        with self._write() as cursor:
            cursor.execute("DELETE FROM ops WHERE run = ?", (run_id,))
            cursor.execute("DELETE FROM wishes WHERE run = ?", (run_id,))

    def drop_planned(self, run_id: str) -> None:
        """Forget what of a run was not sent yet, because it is planned anew."""
        with self._write() as cursor:
            planned = "run = ? AND state = 'planned'"
            cursor.execute(
                "DELETE FROM wishes WHERE run = ? AND (phase, seq) IN"  # noqa: S608 - constant
                f" (SELECT phase, seq FROM ops WHERE {planned})",
                (run_id, run_id),
            )
            cursor.execute(f"DELETE FROM ops WHERE {planned}", (run_id,))  # noqa: S608 - constant

    # -- ops: the load -------------------------------------------------------------------------

    def planned(
        self, run_id: str, phase: int, *, after: int, limit: int, there: bool = False
    ) -> list[Op]:
        """The next ops to send of a phase, by number, with a number above ``after``.

        ``there`` = only those of records that are in the account.
        """
        extra = " AND target_id IS NOT NULL" if there else ""
        rows = self._read(
            f"SELECT {OP_COLUMNS} FROM {OPS} WHERE run = ? AND phase = ? AND seq > ?"  # noqa: S608 - constants
            f" AND state = 'planned'{extra} ORDER BY seq LIMIT ?",
            (run_id, phase, after, limit),
        )
        return [op_of(row) for row in rows]

    def unsettled(self, run_id: str, *, limit: int) -> list[Sent]:
        """Ops that were sent and have no answer, by number; without those of :meth:`unknown`."""
        rows = self._read(
            f"SELECT {OP_COLUMNS}, sent_at, job, tries FROM {SENT_OPS}"  # noqa: S608 - constant
            " WHERE run = ? AND state = 'sent' AND code = '' ORDER BY phase, seq LIMIT ?",
            (run_id, limit),
        )
        return [
            Sent(op_of(row), datetime.fromisoformat(sent_at), job, tries)
            for *row, sent_at, job, tries in rows
        ]

    def unknown(self, run_id: str) -> list[Unknown]:
        """Ops of which only a person can find out what became, by number."""
        rows = self._read(
            f"SELECT {OP_COLUMNS}, sent_at, message FROM {SENT_OPS}"  # noqa: S608 - constant
            " WHERE run = ? AND state = 'sent' AND code = ? ORDER BY phase, seq",
            (run_id, UNKNOWN),
        )
        return [
            Unknown(op_of(row), datetime.fromisoformat(sent_at), message)
            for *row, sent_at, message in rows
        ]

    def ask_again(self, run_id: str) -> None:
        """Ops of which nothing could be found out are :meth:`unsettled` once more."""
        with self._write() as cursor:
            cursor.execute(
                "UPDATE ops SET code = '', message = '' WHERE run = ? AND state = 'sent'", (run_id,)
            )

    def answered(self, run_id: str, answers: Iterable[tuple[Op, str | None]]) -> None:
        """Make durable what a person found out about ops: their records' ids; None = not written.

        One that was written is still ``sent``: a load completes it by its links. What is no longer
        :meth:`unknown` stays as it is: a load that runs at the same time may know better.
        """
        with self._write() as cursor:
            cursor.executemany(
                "UPDATE ops SET state = ?, target_id = coalesce(?, target_id), code = '',"
                " message = '' WHERE run = ? AND phase = ? AND seq = ?"
                " AND state = 'sent' AND code = ?",
                (
                    (
                        OpState.SENT if id_ else OpState.PLANNED,
                        id_,
                        run_id,
                        phase_of(op),
                        op.seq,
                        UNKNOWN,
                    )
                    for op, id_ in answers
                ),
            )

    def holders_of(
        self, run_id: str, type: ObjectType, ids: Collection[str]
    ) -> dict[str, list[str]]:
        """Keys of a run's ops by the target's id, for those of these ids that it knows."""
        rows = self._read(
            "SELECT target_id, key FROM ops WHERE run = ? AND type = ?"
            " AND target_id IN (SELECT value FROM json_each(?))",
            (run_id, type, json.dumps(list(ids))),
        )
        found: dict[str, list[str]] = {}
        for id_, key in rows:
            found.setdefault(id_, []).append(key)
        return found

    def open_runs(self) -> list[Run]:
        """Runs with ops that were sent and have no answer, the oldest first."""
        rows = self._read(
            f"SELECT {RUN_COLUMNS} FROM runs"  # noqa: S608 - constant
            " WHERE id IN (SELECT run FROM ops WHERE state = 'sent')"
            " ORDER BY created_at, rowid"
        )
        return [run_of(row) for row in rows]

    def sending(
        self, run_id: str, ops: Sequence[Op], at: datetime, settled: Sequence[Settled] = ()
    ) -> None:
        """Make durable that these ops are about to be sent, and when.

        ``settled`` = answers that came a moment ago, made durable with it: what takes the time is
        not what is written but to wait for the disk.
        """
        with self._write() as cursor:
            self._answer(cursor, run_id, settled, at)
            cursor.executemany(
                "UPDATE ops SET state = 'sent', tries = tries + 1, sent_at = ?, job = NULL"  # noqa: S608 - constant
                f" WHERE {_WITHIN}",
                ((at.isoformat(), run_id, *some) for some in ranges(ops)),
            )
            self.memory.doubt(cursor, run_id, ops)
            _touch(cursor, run_id, at)

    def note_job(self, run_id: str, ops: Sequence[Op], job: str) -> None:
        """Make durable which job of the vendor's works these ops off."""
        with self._write() as cursor:
            cursor.executemany(
                f"UPDATE ops SET job = ? WHERE {_WITHIN}",  # noqa: S608 - constant
                ((job, run_id, *some) for some in ranges(ops)),
            )

    def unsend(self, run_id: str, ops: Sequence[Op]) -> None:
        """Take a sending back that surely had no effect; it does not count as a try."""
        with self._write() as cursor:
            cursor.executemany(
                f"UPDATE ops SET state = 'planned', tries = tries - 1 WHERE {_WITHIN}",  # noqa: S608 - constant
                ((run_id, *some) for some in ranges(ops)),
            )

    def settle(self, run_id: str, settled: Sequence[Settled], at: datetime) -> None:
        """Make durable what became of ops, and when we knew."""
        with self._write() as cursor:
            self._answer(cursor, run_id, settled, at)
            _touch(cursor, run_id, at)

    def _answer(
        self, cursor: sqlite3.Cursor, run_id: str, settled: Sequence[Settled], at: datetime
    ) -> None:
        if not settled:
            return
        when = at.isoformat()
        cursor.executemany(
            "UPDATE ops SET state = ?, target_id = coalesce(?, target_id), code = ?,"
            " message = ?, settled_at = ? WHERE run = ? AND phase = ? AND seq = ?",
            [
                (s.state, s.id, s.code, s.message, when, run_id, phase_of(s.op), s.op.seq)
                for s in settled
            ],
        )
        self.memory.confirm(cursor, run_id, settled)

    def seen(self, run_id: str, ops: Iterable[tuple[Op, datetime]]) -> None:
        """Remember when the vendor last changed records that were found as we had left them."""
        with self._write() as cursor:
            cursor.executemany(
                "UPDATE ops SET seen_at = ? WHERE run = ? AND phase = ? AND seq = ?",
                ((at.isoformat(), run_id, phase_of(op), op.seq) for op, at in ops),
            )

    def tries(self, run_id: str, ops: Sequence[Op]) -> dict[str, int]:
        """How often each of these ops was sent, by key."""
        counts = {}
        for op in ops:
            ((counts[op.key],),) = self._read(
                "SELECT tries FROM ops WHERE run = ? AND phase = ? AND seq = ?",
                (run_id, phase_of(op), op.seq),
            )
        return counts

    def parents(
        self, run_id: str, type: ObjectType, keys: Collection[str]
    ) -> dict[str, tuple[OpState, str | None]]:
        """State and id of parents that this run creates, by key."""
        found = {}
        for key in keys:
            rows = self._read(
                "SELECT state, target_id FROM ops"
                " WHERE run = ? AND type = ? AND key = ? AND phase = 0",
                (run_id, type, key),
            )
            for state, id_ in rows:
                found[key] = (OpState(state), id_)
        return found

    # -- reading back --------------------------------------------------------------------------

    def counts(self, run_id: str) -> dict[tuple[ObjectType, Action, OpState], int]:
        """How many ops of a run stand where."""
        rows = self._read(
            "SELECT type, action, state, count(*) FROM ops WHERE run = ? GROUP BY 1, 2, 3",
            (run_id,),
        )
        return {(ObjectType(t), Action(a), OpState(s)): n for t, a, s, n in rows}

    def finished(
        self,
        run_id: str,
        states: Collection[OpState] = (),
        *,
        remarked: bool = False,
        bare: bool = False,
    ) -> Iterator[Finished]:
        """Ops with what became of them, in the order of sending; all states when none is named.

        ``remarked`` = only those with a code: refused, parked, or written with an objection; not
        those of :meth:`unknown`, which must not be sent again. ``bare`` = ops without what
        they write: properties, values before, links and facts are left out, not read.

        Reads a thousand at a time, so that a run of any size fits in memory and other calls may
        be made meanwhile.
        """
        wanted = tuple(states or OpState)
        extra = " AND code != '' AND state != 'sent'" if remarked else ""
        columns, tables = (BARE_COLUMNS, "ops") if bare else (OP_COLUMNS, OPS)
        query = (
            f"SELECT phase, seq, {columns}, tries, code, message, settled_at, seen_at FROM {tables}"  # noqa: S608 - constants
            f" WHERE run = ? AND state IN ({', '.join('?' * len(wanted))}){extra}"
        )
        for *row, tries, code, message, settled, seen in in_order(
            self._read, query, run_id, *wanted
        ):
            yield Finished(op_of(row), tries, code, message, instant(settled), instant(seen))


def _touch(cursor: sqlite3.Cursor, run_id: str, at: datetime) -> None:
    cursor.execute("UPDATE runs SET touched_at = ? WHERE id = ?", (at.isoformat(), run_id))
