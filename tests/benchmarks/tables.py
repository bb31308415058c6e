"""The results as tables of Markdown, which read well in a terminal too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.benchmarks.spending import NEEDS, WHY, least

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.benchmarks.spending import Spent


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column is text, the others are figures.

    >>> print(markdown(["tool", "deals/s"], [["ours", "1,900"]]))
    | tool | deals/s |
    | --- | ---: |
    | ours | 1,900 |
    """
    rule = ["---", *("---:" for _ in header[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, rule, *rows])


def tools_table(found: Mapping[str, Mapping[str, Any]], base: str = "sdk") -> str:
    """Every tool a row; speeds with how many times ``base``'s they are."""
    header = [
        "tool",
        "deals/s at 0 ms",
        "at 50 ms",
        "at 300 ms",
        "writing alone at 300 ms",
        "requests",
        "share of the quota",
        "429s",
        "peak memory, MB",
        "duplicates after a lost answer",
        "after a kill and another run",
        "good rows lost to a bad one",
    ]
    return markdown(header, [_tool_row(tool, found.get(base)) for tool in found.values()])


def many_table(found: Mapping[str, Mapping[str, Any]], deals: int, base: str = "sdk") -> str:
    """Speeds with many deals of the tools that were measured so; blank when none was."""
    speeds = ["many_0ms", "many_300ms"]
    rows = [
        [str(tool["title"]), *(_beside(tool, found.get(base), name) for name in speeds)]
        for tool in found.values()
        if speeds[0] in tool
    ]
    return markdown([f"{deals:,} deals", "deals/s at 0 ms", "at 300 ms"], rows) if rows else ""


def _tool_row(tool: Mapping[str, Any], base: Mapping[str, Any] | None) -> list[str]:
    speeds = ["rate_0ms", "rate_50ms", "rate_300ms", "writing_300ms"]
    return [
        str(tool["title"]),
        *(_beside(tool, base, name) for name in speeds),
        _whole(tool, "requests"),
        f"{tool['quota_share']:.1%}" if "quota_share" in tool else "",
        _whole(tool, "refused_429"),
        _whole(tool, "peak_mb"),
        _ended(tool, "lost"),
        _ended(tool, "kill"),
        _whole(tool, "bad_row_lost"),
    ]


def _beside(tool: Mapping[str, Any], base: Mapping[str, Any] | None, name: str) -> str:
    if name not in tool:
        return ""
    shown = f"{tool[name]:,.0f}"
    if not base or base is tool:
        return shown
    return f"{shown} ({tool[name] / base[name]:.1f} x)"


def _whole(tool: Mapping[str, Any], name: str) -> str:
    return f"{tool[name]:,.0f}" if name in tool else ""


def _ended(tool: Mapping[str, Any], name: str) -> str:
    """Duplicates, and deals that are missing if there are any."""
    if f"{name}_duplicates" not in tool:
        return ""
    missing = tool[f"{name}_missing"]
    return _whole(tool, f"{name}_duplicates") + (f", {missing:,.0f} missing" if missing else "")


def spent_table(spent: Sequence[Spent], count: int) -> str:
    """Requests beside the least, with what makes that up; why ours are more stands below."""
    rows = []
    for one in spent:
        needs = NEEDS[one.vendor, one.case]
        made_of = "; ".join(f"{need.requests(count):,} {need.what}" for need in needs)
        fewest = least(one.vendor, one.case, count)
        rows.append([f"{one.vendor}, {one.case}", f"{one.total:,}", f"{fewest:,}", made_of])
    table = markdown([f"{count:,} deals", "requests", "least", "the least is made of"], rows)
    vendors = dict.fromkeys(one.vendor for one in spent)
    return "\n".join([table, "", *(f"* {vendor}: {WHY[vendor]}." for vendor in vendors)])


def curve_table(points: Sequence[Mapping[str, Any]]) -> str:
    """Each step at each number of rows."""
    rows = [
        [
            str(point["step"]),
            f"{point['rows']:,}",
            f"{point['seconds']:,.1f}",
            f"{point['seconds'] * 1e6 / point['rows']:,.1f}",
            f"{point['peak_mb']:,.0f}",
            f"{point['ratio']:.2f}" if "ratio" in point else "",
        ]
        for point in sorted(points, key=lambda point: (str(point["step"]), point["rows"]))
    ]
    header = ["step", "rows", "seconds", "microseconds a row", "peak memory, MB", "x bare polars"]
    return markdown(header, rows)


def resume_lines(found: Mapping[str, float]) -> str:
    """What else was measured, a line each."""
    resume = (
        f"* a resume of {found['resume_rows']:,.0f} rows: {found['resume_first_request']:.1f} s to "
        f"its first request, {found['resume_first_write']:.1f} s to its first batch"
    )
    journal = (
        f"* the journal: {found['journal_microseconds']:.0f} microseconds a deal; with answers "
        f"that come at once {found['journal_share']:.1%} of the time that writing "
        f"{found['journal_rows']:,.0f} deals takes, at the speed of the quota "
        f"{found['journal_share_quota']:.1%}"
    )
    return "\n".join([resume, journal, f"* `migrator --help`: {found['help_ms']:.0f} ms"])


def about(machine: Mapping[str, Any], command: str) -> str:
    """Where, when and how it was measured."""
    return (
        f"Measured on {machine['date']} by `{command}` on {machine['cores']} cores and "
        f"{machine['memory_gib']} GiB, Python {machine['python']}."
    )
