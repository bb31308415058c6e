"""Plans, checks and runs as text for a terminal of 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migrator.report import reason_lines, remarks_of, wrapped
from migrator.runs.sums import DIMENSIONS
from migrator.runs.surprises import SURPRISES
from migrator.vendors.registry import product

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migrator.journal import Run
    from migrator.runs.checking import Checked
    from migrator.runs.planning import Planned
    from migrator.runs.sums import Sum
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
    if result.alike:
        lines += ["", *wrapped(f"  {result.alike.text}")]
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
        "remarks": remarks_of(planned.run),
        "surprises": settings.get(SURPRISES, []),
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
        for name in ("create", "update", "unchanged", "parked", "delete")
        if counts[name] or name == "create"
    ]
    lines.append(f"  {'rejected':<14}{settings['rejected']:>10,}")
    if planned.inputs.prepared.merged:
        lines.append(f"  {'merged':<14}{planned.inputs.prepared.merged:>10,}")
    lines += reason_lines(_REASONS, settings["rejected_codes"], settings["examples"])
    missing = list(_missing(planned))
    if missing:
        lines += ["", "  To create in the account first:", *_indented(missing)]
    lines += _changes(planned)
    lines += _remarks(planned)
    lines += surprises(planned.run)
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


def _changes(planned: Planned) -> list[str]:
    """The first fields that would be changed, before and after."""
    examples = planned.run.settings["changes"]
    if not examples:
        return []
    lines = [
        line
        for key, field, before, after in examples
        for line in wrapped(f"    {key}: {field}: {before or '(blank)'} -> {after}", indent=6)
    ]
    return ["", "  What changes, first of all (changes.csv has every field):", *lines]


def _remarks(planned: Planned) -> list[str]:
    result = planned.plan
    remarks = []
    found = planned.run.settings["plan"]
    if found["remembered"]:
        remarks.append(f"{found['remembered']:,} are unchanged since an earlier run: not asked for")
    if found["missing"]:
        way = "" if result.counts["delete"] else "; they stay, unless --mirror says how many may go"
        remarks.append(
            f"{found['missing']:,} records that were loaded before are missing in the source{way}"
        )
    if result.counts["parents"]:
        remarks.append(f"{result.counts['parents']:,} contacts or companies are created as well")
    if result.skipped_links:
        remarks.append(f"{result.skipped_links:,} links are left out: their parents are missing")
    remarks += remarks_of(planned.run)
    lines = (line for remark in remarks for line in wrapped(f"  {remark}", indent=4))
    return ["", *lines] if remarks else []


def surprises(run: Run) -> list[str]:
    """What the CRM will do with a plan besides, that people do not expect."""
    told: Sequence[str] = run.settings.get(SURPRISES, [])
    if not told:
        return []
    lines = (line for text in told for line in wrapped(f"    {text}", indent=6))
    return ["", f"  What {product(run.vendor).title} will do besides:", *lines]


def _cost(planned: Planned) -> str:
    cost = planned.plan.cost
    apart = [f"{n:,} of them for {name}" for name, n in cost.buckets.items() if name]
    requests = f"{cost.requests:,} request{'' if cost.requests == 1 else 's'}"
    requests += f" ({', '.join(apart)})" if apart else ""
    share = f", {cost.daily_share:.2%} of the day's quota" if cost.daily_share is not None else ""
    return f"  cost: {requests}{share}, about {duration(cost.seconds)}"


def verification(result: Verification, run: Run) -> str:
    """What reading back found."""
    lines = [f"Verify {run.id}: {result.checked:,} records read back, {result.same:,} the same"]
    for dimension in DIMENSIONS:
        lines += _beside([one for one in result.sums if one.dimension == dimension], dimension)
    lines += _explained(result)
    lines += _unexplained(result)
    lines += [
        f'  {one.key} {one.field}: ours "{one.ours}", account "{one.held or ""}"'
        + (f" ({one.why})" if one.why else "")
        for one in result.examples
    ]
    if result.unknown:
        lines.append(f"  {result.unknown:,} records are unknown: migrator settle {run.id}")
    if result.left > result.unknown:
        left = result.left - result.unknown
        lines.append(f"  {left:,} records are not written yet: migrator resume {run.id}")
    if result.agrees:
        lines.append("  Nothing left to do.")
    if result.file:
        lines.append(f"  details: {result.file}")
    if result.page:
        lines.append(f"  report: {result.page}")
    return "\n".join(lines)


_LISTED = 8
"""So many values of a dimension are listed; of more, only those that differ."""


def _beside(sums: Sequence[Sum], dimension: str) -> list[str]:
    """Counts and money of one dimension, ours beside the account's."""
    if not any(one.value for one in sums):
        return []
    lines = [f"  by {dimension:<23}{'rows':>8}{'account':>9}{'amount':>16}{'account':>16}"]
    for one in sums:
        if one.equal and len(sums) > _LISTED:
            continue
        name = f"{one.value or '(none)'} {'' if dimension == 'currency' else one.currency}".strip()
        amounts = f"{one.ours_amount:>16,.2f}{one.held_amount:>16,.2f}"
        verdict = "" if one.equal else "  DIFFERENT"
        lines.append(f"    {name:<24.24}{one.ours:>8,}{one.held:>9,}{amounts}{verdict}")
    if len(sums) > _LISTED:
        equal = sum(one.equal for one in sums)
        lines.append(f"    {equal:,} of {len(sums):,} are equal")
    return lines


def _explained(result: Verification) -> list[str]:
    lines = [
        f"  {count:,} {name}, and rightly not in the account"
        for name, count in result.turned_down.items()
        if not result.intruders
    ]
    if result.changed:
        lines.append(f"  {result.changed:,} were changed in the account since they were written")
    if result.partly:
        lines.append(f"  {result.partly:,} lack what the CRM refused of them, as the report says")
    for name, count in result.normalised.most_common(_LISTED):
        lines += wrapped(
            f"  {count:,} {name}: the CRM spells it its own way, such as {result.spelling[name]}"
        )
    return lines


def _unexplained(result: Verification) -> list[str]:
    found = (
        (result.differing, "differ, and nothing explains it"),
        (len(result.missing), f"missing in the account, such as {_some(result.missing)}"),
        (len(result.doubled), f"keys are held by several records: {_some(result.doubled)}"),
        (len(result.intruders), f"turned down but in the account: {_some(result.intruders)}"),
        (result.unlinked, "links are missing in the account"),
    )
    return [f"  {count:,} {what}" for count, what in found if count]


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:5])
