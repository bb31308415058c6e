"""Which records a sample writes: the edge cases first, then an even spread."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from migrator.model import OpState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migrator.journal import Journal
    from migrator.model import ObjectType, Op


def choose_sample(journal: Journal, run_id: str, size: int) -> frozenset[int]:
    """Numbers of at most ``size`` planned ops, and of the parents they need.

    Of each pipeline, stage, status and currency one record, the largest and the smallest amount,
    the longest text, text outside ASCII, the most and the fewest links; the rest evenly spread.
    """
    best: dict[str, tuple[object, Op]] = {}
    planned = 0
    for finished in journal.finished(run_id, {OpState.PLANNED}):
        if finished.op.place is None:
            continue
        planned += 1
        for name, rank in _edges(finished.op):
            if name not in best or rank > best[name][0]:  # type: ignore[operator]
                best[name] = (rank, finished.op)
    chosen = {op.seq: op for _, op in best.values()}
    chosen = dict(list(chosen.items())[:size])
    step = max(1, planned // size)
    for number, finished in enumerate(journal.finished(run_id, {OpState.PLANNED})):
        if len(chosen) >= size:
            break
        if finished.op.place is not None and number % step == 0:
            chosen.setdefault(finished.op.seq, finished.op)
    return frozenset(chosen) | _parents(journal, run_id, chosen.values())


_Edge = tuple[str, object]


def _edges(op: Op) -> Iterable[_Edge]:
    """The contests an op takes part in, with its rank in each."""
    amount = Decimal(op.facts.get("amount", "0"))
    texts = list(op.properties.values())
    rank: Callable[[bool], int] = int
    for name in ("pipeline", "stage", "status", "currency"):
        yield f"{name} {op.facts.get(name, '')}", 0
    yield "largest amount", amount
    yield "smallest amount", -amount
    yield "longest text", max((len(text) for text in texts), default=0)
    yield "outside ascii", rank(any(not text.isascii() for text in texts))
    yield "most links", len(op.links)
    yield "fewest links", -len(op.links)
    yield "fewest fields", -len(texts)


def _parents(journal: Journal, run_id: str, ops: Iterable[Op]) -> frozenset[int]:
    wanted: set[tuple[ObjectType, str]] = {
        (link.type, link.key) for op in ops for link in op.links if link.id is None
    }
    return frozenset(
        finished.op.seq
        for finished in journal.finished(run_id, {OpState.PLANNED})
        if (finished.op.type, finished.op.key) in wanted and finished.op.place is None
    )
