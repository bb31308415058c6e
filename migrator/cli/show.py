"""Plans, checks and runs as text for a terminal of 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migrator.report import counted, reason_lines, remarks_of, wrapped
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
_ARE = ("is", "are")
_KEYS = ("key is", "keys are")
_RECORDS = ("record is", "records are")
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
    remarks = [*_besides(planned), *remarks_of(planned.run)]
    lines = (line for remark in remarks for line in wrapped(f"  {remark}", indent=4))
    return ["", *lines] if remarks else []


def _besides(planned: Planned) -> Iterable[str]:
    """What the counts of a plan do not say."""
    result, found = planned.plan, planned.run.settings["plan"]
    if found["remembered"]:
        told = counted(found["remembered"], *_ARE)
        yield f"{told} unchanged since an earlier run: not asked for"
    if missing := found["missing"]:
        told = counted(
            missing, "record that was loaded before is", "records that were loaded before are"
        )
        stay = "it stays" if missing == 1 else "they stay"
        way = "" if result.counts["delete"] else f"; {stay}, unless --mirror says how many may go"
        yield f"{told} missing in the source{way}"
    if parents := result.counts["parents"]:
        told = counted(parents, "contact or company is", "contacts or companies are")
        yield f"{told} created as well"
    if result.skipped_links:
        told = counted(result.skipped_links, "link is", "links are")
        yield f"{told} left out, for want of the record to link to"


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
    read = counted(result.checked, "record", "records")
    lines = [f"Verify {run.id}: {read} read back, {result.same:,} the same"]
    for dimension in DIMENSIONS:
        lines += _beside([one for one in result.sums if one.dimension == dimension], dimension)
    lines += _explained(result)
    lines += _unexplained(result)
    lines += [
        f'  {one.key} {one.field}: ours "{one.ours}", account "{one.held or ""}"'
        + (f" ({one.why})" if one.why else "")
        for one in result.examples
    ]
    lines += _left(result, run)
    if result.agrees:
        lines.append("  Nothing left to do.")
    if result.file:
        lines.append(f"  details: {result.file}")
    if result.page:
        lines.append(f"  report: {result.page}")
    return "\n".join(lines)


def _left(result: Verification, run: Run) -> list[str]:
    """What is not written yet; contacts and companies are no rows, and stand by themselves."""
    parents = ("of the contacts and companies is", "contacts and companies are")
    found = (
        (result.unknown, _RECORDS, "unknown", "settle"),
        (result.left - result.unknown, _RECORDS, "not written yet", "resume"),
        (result.parents_unknown, parents, "unknown", "settle"),
        (result.parents_left - result.parents_unknown, parents, "not created yet", "resume"),
    )
    texts = (
        f"  {counted(n, *names)} {what}: migrator {command} {run.id}"
        for n, names, what, command in found
        if n
    )
    return [line for text in texts for line in wrapped(text)]


_NAME = 24
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
        code = "" if dimension == "currency" or not one.currency else f" {one.currency}"
        name = f"{one.value or '(none)':.{_NAME - len(code)}}{code}"
        # A blank before each number: of a large one nothing may run into its neighbour.
        amounts = f" {one.ours_amount:>15,.2f} {one.held_amount:>15,.2f}"
        verdict = "" if one.equal else "  DIFFERENT"
        lines.append(f"    {name:<{_NAME}} {one.ours:>7,} {one.held:>8,}{amounts}{verdict}")
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
        told = counted(result.changed, "was", "were")
        lines.append(f"  {told} changed in the account since the run wrote them")
    if result.partly:
        told = counted(result.partly, "lacks", "lack")
        lines.append(f"  {told} what the CRM refused of them, as the report says")
    for name, count in result.normalised.most_common(_LISTED):
        lines += wrapped(
            f"  {count:,} {name}: the CRM spells it its own way, such as {result.spelling[name]}"
        )
    return lines


def _unexplained(result: Verification) -> list[str]:
    missing, doubled, intruders = map(_some, (result.missing, result.doubled, result.intruders))
    found = (
        (result.differing, "differs", "differ", ", and nothing explains it"),
        (len(result.missing), *_ARE, f" missing in the account, such as {missing}"),
        (len(result.doubled), *_KEYS, f" held by several records: {doubled}"),
        (len(result.intruders), *_ARE, f" in the account though turned down: {intruders}"),
        (result.unlinked, "link is", "links are", " missing in the account"),
    )
    return [f"  {counted(count, one, many)}{what}" for count, one, many, what in found if count]


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:5])
