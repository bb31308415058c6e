"""From the source's rows and money to the account's: each row and each cent in one step."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from migrator.report.statement import Heap, Money, Moved, StageLine, Step, Turn, added
from migrator.runs.signing.undone import BACK, FATES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import polars as pl

    from migrator.report.books import Report
    from migrator.report.statement import Verified
    from migrator.report.sums import Placed, Sum
    from migrator.runs.figures import Figures, Group
    from migrator.runs.signing.undone import Remains

_OUT = ("rejected", "parked", "merged", "refused", "unknown", "left")
_IN = ("created", "updated", "unchanged")
_ALWAYS = {"rejected", "created"}


def waterfall(
    books: Report,
    figures: Figures | None,
    rejected: pl.DataFrame | None,
    verified: Verified | None,
    remains: Remains | None = None,
) -> tuple[Step, ...]:
    """The steps from the source to the account, and to what was read back from it.

    Args:
        books: of the run.
        figures: of its source; None = not kept, so that its money is not known.
        rejected: ``currency``, ``amount`` and ``unreadable`` of the rejected rows that are left.
        verified: what a verify found that is true still.
        remains: of a run that was taken back.
    """
    by_outcome = _by_outcome(books.sums)
    moneys = {name: by_outcome.get(name, {}) for name in (*_OUT, *_IN)}
    unreadable = 0
    if rejected is not None:
        moneys["rejected"] = _of_frame(rejected)
        unreadable = int(rejected["unreadable"].sum())
    whole, rest = _whole(books, figures, moneys)
    if books.rows["merged"] and not books.retries:
        moneys["merged"], rest = rest, {}
    steps = [whole]
    if any(rest.values()):
        named = "mended" if books.retries else "difference"
        negated = {code: -amount for code, amount in rest.items() if amount}
        steps.append(Step(named, Turn.IN, 0, negated))
    steps += [
        Step(name, turn, books.rows[name], moneys[name], unreadable if name == "rejected" else 0)
        for names, turn in ((_OUT, Turn.OUT), (_IN, Turn.IN))
        for name in names
        if books.rows[name] or name in _ALWAYS
    ]
    there = added(moneys[name] for name in _IN)
    rows = sum(books.rows[name] for name in _IN)
    if remains is not None:
        return (*steps, Step("written", Turn.WHOLE, rows, there), *_taken_back(remains))
    steps.append(Step("account", Turn.WHOLE, rows, there))
    if verified is not None:
        money = held_money(verified, "currency")
        steps.append(Step("verified", Turn.CHECKED, verified.same, added(money.values())))
    return tuple(steps)


def _taken_back(remains: Remains) -> Iterator[Step]:
    """From what a run had written to what its undo has left."""
    moneys = _by_outcome(remains.sums)
    rows = remains.rows
    yield Step(BACK, Turn.OUT, rows[BACK], moneys.get(BACK, {}))
    stay = [name for name in FATES if name != BACK and rows[name]]
    for name in stay:
        yield Step(name, Turn.IN, rows[name], moneys.get(name, {}))
    left = added(moneys.get(name, {}) for name in stay)
    yield Step("remains", Turn.WHOLE, sum(rows[name] for name in stay), left)


def _whole(books: Report, figures: Figures | None, moneys: dict[str, Money]) -> tuple[Step, Money]:
    """The source, and what of its money no step accounts for."""
    if figures is None:
        return Step("source", Turn.WHOLE, books.source_rows), {}
    money = of_groups(figures.money)
    unreadable = sum(one.unreadable for one in figures.money)
    told = added(moneys.values())
    rest = {code: money.get(code, Decimal(0)) - told.get(code, Decimal(0)) for code in money | told}
    return Step("source", Turn.WHOLE, books.source_rows, money, unreadable), rest


def of_groups(groups: Iterable[Group]) -> Money:
    """The money of groups of rows, by currency; no entry where there is nothing."""
    return _told(added({one.currency: one.amount} for one in groups))


def _of_frame(rows: pl.DataFrame) -> Money:
    sums = rows.drop_nulls("amount").group_by("currency").sum().sort("currency")
    found = added({code: amount} for code, amount in sums.select("currency", "amount").iter_rows())
    return _told(found)


def _by_outcome(sums: Iterable[Sum]) -> dict[str, Money]:
    found: dict[str, list[Money]] = {}
    for one in sums:
        if one.dimension == "currency":
            found.setdefault(one.outcome, []).append({one.currency: one.amount})
    return {outcome: _told(added(moneys)) for outcome, moneys in found.items()}


def held_money(verified: Verified, dimension: str) -> dict[str, Money]:
    """What the account holds, by value of a dimension."""
    found: dict[str, list[Money]] = {}
    for one in verified.sums:
        if one.dimension == dimension and one.held:
            found.setdefault(one.value, []).append({one.currency: one.held_amount})
    return {value: _told(added(moneys)) for value, moneys in found.items()}


def stage_lines(
    books: Report,
    figures: Figures | None,
    verified: Verified | None,
    remains: Remains | None = None,
) -> tuple[StageLine, ...]:
    """Records and money by stage, in the source and in the account, most rows first.

    What the template could make nothing of is called as the source calls it.
    """
    placed = books.placed if remains is None else remains.placed
    after = dict(verified.stages) if verified else _stages(placed, figures)
    named = {name.casefold(): name for name in after}
    groups: dict[str, list[Group]] = {}
    for one in figures.stages if figures else ():
        name = (one.values[1] or one.values[0]).casefold()  # CRMs do not mind the letter case
        groups.setdefault(named.setdefault(name, one.values[1] or one.values[0]), []).append(one)
    left = _left(books, named)
    if set(groups) | set(after) <= {""}:
        return ()
    lines = [
        StageLine(
            name,
            tuple(dict.fromkeys(one.values[0] for one in of if one.values[0] != name)),
            Heap(sum(one.rows for one in of), of_groups(of)),
            after.pop(name, None),
            left.get(name),
        )
        for name, of in groups.items()
    ]
    lines += [StageLine(name, (), None, heap) for name, heap in after.items()]
    return tuple(sorted(lines, key=_order))


def _left(books: Report, named: Mapping[str, str]) -> dict[str, Heap]:
    """What is not loaded yet, by the stage that the template has made of the source's.

    ``named`` = how a stage is written, by its name in small letters.
    """
    rows: Counter[str] = Counter()
    moneys: dict[str, list[Money]] = {}
    for one in books.sums:
        if one.dimension == "stage" and one.outcome == "left":
            name = named.get(one.value.casefold(), one.value)
            rows[name] += one.rows
            moneys.setdefault(name, []).append({one.currency: one.amount})
    return {name: Heap(rows[name], _told(added(moneys[name]))) for name in rows}


def _order(line: StageLine) -> tuple[bool, int, str]:
    """The source's stages first, those with most rows at their head."""
    rows = max(heap.rows for heap in (line.before, line.after) if heap)
    return line.before is None, -rows, line.stage


def _stages(placed: Iterable[Placed], figures: Figures | None) -> dict[str, Heap]:
    """By the stages of the account that the run wrote."""
    rows: Counter[str] = Counter()
    moneys: dict[str, list[Money]] = {}
    for one in placed:
        stage = _label(one, figures)
        rows[stage] += one.rows
        moneys.setdefault(stage, []).append({one.currency: one.amount})
    return {name: Heap(rows[name], _told(added(moneys[name]))) for name in rows}


def moved(books: Report, figures: Figures | None) -> tuple[Moved, ...]:
    """Records whose stage in the account is another one, the most first."""
    groups: dict[tuple[str, str, str], list[Placed]] = {}
    for one in books.placed:
        target = _label(one, figures)
        if target.casefold() != one.stage.casefold():
            groups.setdefault((one.stage, one.status, target), []).append(one)
    found = [
        Moved(
            *names,
            sum(one.rows for one in of),
            _told(added({one.currency: one.amount} for one in of)),
        )
        for names, of in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.rows, one.stage, one.target)))


def _label(placed: Placed, figures: Figures | None) -> str:
    """What the account calls the stage that records stand in."""
    labels = figures.labels.get("stage", {}) if figures else {}
    return labels.get(placed.id, placed.stage)


def _told(money: Money) -> Money:
    return {code: amount for code, amount in money.items() if code or amount}
