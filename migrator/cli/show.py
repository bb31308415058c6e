"""Plans, checks and runs as text for a terminal of 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migrator.report import reason_lines, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migrator.journal import Run
    from migrator.runs.checking import Checked
    from migrator.runs.planning import Planned
    from migrator.runs.verification import Verification

_REASONS = "Rejected, by reason:"
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(0.4), duration(75), duration(9000)
    ('1 s', '1 min 15 s', '2 h 30 min')
    """
    left = max(1, round(seconds))
    if left < _MINUTE:
        return f"{left} s"
    if left < _HOUR:
        return f"{left // _MINUTE} min {left % _MINUTE} s"
    if left < _DAY:
        return f"{left // _HOUR} h {left % _HOUR // _MINUTE} min"
    return f"{left // _DAY} d {left % _DAY // _HOUR} h"


def checked(result: Checked) -> str:
    """What a check without an account found."""
    prepared = result.inputs.prepared
    lines = [
        *result.inputs.source.describe(),
        *prepared.decisions,
        *prepared.notices,
        "",
        f"  {'source rows':<14}{prepared.rows:>10,}",
        f"  {'good records':<14}{prepared.records_count:>10,}",
    ]
    if prepared.merged:
        lines.append(f"  {'merged':<14}{prepared.merged:>10,}")
    lines.append(f"  {'rejected':<14}{result.rejected:>10,}")
    lines += reason_lines(_REASONS, result.reasons.codes, result.reasons.examples)
    if result.rejects:
        lines += ["", f"  rejects: {result.rejects}"]
    return "\n".join(lines)


def plan_data(planned: Planned) -> dict[str, Any]:
    """A plan as plain data."""
    settings = planned.run.settings
    return {
        "run": planned.run.id,
        "account": planned.account.id,
        "rows": planned.inputs.prepared.rows,
        "merged": planned.inputs.prepared.merged,
        "rejected": settings["rejected"],
        "codes": settings["rejected_codes"],
        **settings["plan"],
        "to_create_first": list(_missing(planned)),
        "files": settings["files"],
    }


def plan(planned: Planned) -> str:
    """What a run would do and cost."""
    settings = planned.run.settings
    counts: Mapping[str, int] = planned.plan.counts
    account = planned.account
    target = f"{account.vendor} account {account.id} ({account.name})"
    lines = [
        *wrapped(f"Plan {planned.run.id}: {planned.inputs.template.name} -> {target}"),
        "",
        f"  {'source rows':<14}{planned.inputs.prepared.rows:>10,}",
    ]
    lines += [
        f"  {name:<14}{counts[name]:>10,}"
        for name in ("create", "update", "unchanged", "parked")
        if counts[name] or name == "create"
    ]
    lines.append(f"  {'rejected':<14}{settings['rejected']:>10,}")
    if planned.inputs.prepared.merged:
        lines.append(f"  {'merged':<14}{planned.inputs.prepared.merged:>10,}")
    lines += reason_lines(_REASONS, settings["rejected_codes"], settings["examples"])
    missing = list(_missing(planned))
    if missing:
        lines += ["", "  To create in the account first:", *_indented(missing)]
    lines += _remarks(planned)
    lines += ["", _cost(planned), ""]
    lines += [f"  {name}: {path}" for name, path in settings["files"].items()]
    return "\n".join(lines)


def _indented(texts: Iterable[str]) -> list[str]:
    return [line for text in texts for line in wrapped(f"    {text}", indent=6)]


def _missing(planned: Planned) -> Iterable[str]:
    missing = planned.missing
    yield from (f"the key field of {type}" for type in missing.keys)
    for type, fields in missing.fields.items():
        yield from (f'field "{new.label}" ({new.name}) of {type}' for new in fields)
    for pipeline in missing.pipelines:
        stages = ", ".join(stage.label for stage in pipeline.stages)
        yield f'pipeline "{pipeline.label}": {stages}'


def _remarks(planned: Planned) -> list[str]:
    result = planned.plan
    remarks = []
    if result.counts["parents"]:
        remarks.append(f"{result.counts['parents']:,} contacts or companies are created as well")
    if result.skipped_links:
        remarks.append(f"{result.skipped_links:,} links are left out: their parents are missing")
    for name, why in planned.run.settings["left_out"].items():
        remarks.append(f"{name} is left out: {why}.")
    lines = (line for remark in remarks for line in wrapped(f"  {remark}", indent=4))
    return ["", *lines] if remarks else []


def _cost(planned: Planned) -> str:
    cost = planned.plan.cost
    apart = [f"{n:,} of them for {name}" for name, n in cost.buckets.items() if name]
    requests = f"{cost.requests:,} requests" + (f" ({', '.join(apart)})" if apart else "")
    share = f", {cost.daily_share:.2%} of the day's quota" if cost.daily_share is not None else ""
    return f"  cost: {requests}{share}, about {duration(cost.seconds)}"


def verification(result: Verification, run: Run) -> str:
    """What reading back found."""
    lines = [f"Verify {run.id}: {result.checked:,} records read back, {result.same:,} the same"]
    for currency in sorted(result.ours):
        ours, held = result.ours[currency], result.held.get(currency, 0)
        verdict = "equal" if ours == held else "DIFFERENT"
        lines.append(f"  {currency or '(no currency)':<14}{ours:>20,.2f}{held:>20,.2f}  {verdict}")
    if result.missing:
        some = ", ".join(result.missing[:5])
        lines.append(f"  {len(result.missing):,} missing in the account, such as {some}")
    if result.doubled:
        some = ", ".join(result.doubled[:5])
        lines.append(f"  {len(result.doubled):,} keys are held by several records, such as {some}")
    if result.unlinked:
        lines.append(f"  {result.unlinked:,} links are missing in the account")
    lines += [
        f'  {one.key} {one.field}: ours "{one.ours}", account "{one.held or ""}"'
        for one in result.examples
    ]
    if result.left:
        lines.append(f"  {result.left:,} records are not written yet: migrator resume {run.id}")
    lines.append("  Nothing left to do." if result.agrees else f"  details: {result.file or '-'}")
    return "\n".join(lines)
