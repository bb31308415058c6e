"""Pictures of a statement: inline SVG in black, white and hatches, with a text for who sees none.

All styles are the page's own; a picture brings none, no script and no address with it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pygal  # type: ignore[import-untyped]
from markupsafe import Markup
from pygal.style import Style  # type: ignore[import-untyped]

from migrator.report.statement import Turn
from migrator.report.words import CURRENCY, STEPS, compact, number, span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal
    from xml.etree.ElementTree import Element

    from migrator.report.statement import Heap, StageLine, Statement, Traffic, Window

# pygal looks for plugins with maps in a way that makes Python 3.11 warn at every later import, in
# whatever module; we draw no maps.
sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, pygal.PluginImportFixer)]

_WIDTH, _HALF = 760, 470
_BAR = 15
_MOST_STAGES = 14
_MOST_FIELDS = 24
_BARS = 60
"""So many moments fit into a picture."""
_LABELS = 8
_STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400)
_FEWEST = 3
"""Of fewer moments a picture says nothing."""

# The sizes are those of the page's style sheet: pygal lays texts out by them.
_STYLE = Style(
    font_family="sans-serif",
    label_font_size=12,
    major_label_font_size=12,
    value_font_size=11,
    legend_font_size=12,
    value_label_font_size=11,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG element, and what it shows in words."""

    svg: Markup
    caption: str


def waterfall_picture(statement: Statement) -> Picture | None:
    """Rows from the source to the account, a bar a step."""
    steps = [step for step in statement.waterfall if step.rows]
    if not statement.books.source_rows or not steps:
        return None
    labels, before, whole, out, inside = [], [], [], [], []
    level = 0
    for step in steps:
        labels.append(f"{STEPS[step.name].short}: {number(step.rows)}")
        if step.turn in {Turn.WHOLE, Turn.CHECKED}:
            start, level = 0, step.rows if step.name in {"source", "written"} else level
        elif step.turn is Turn.OUT:
            level -= step.rows
            start = level
        else:
            level -= step.rows
            start = level
        before.append(start)
        whole.append(step.rows if step.turn in {Turn.WHOLE, Turn.CHECKED} else 0)
        out.append(step.rows if step.turn is Turn.OUT else 0)
        inside.append(step.rows if step.turn is Turn.IN else 0)
    chart = _chart(pygal.HorizontalStackedBar, 4 + len(steps), "waterfall", number)
    chart.x_labels = labels[::-1]
    chart.add(None, before[::-1])
    for name, values in (
        ("source, account, verified", whole),
        (f"turned down or {'taken back' if statement.books.undone_by else 'not loaded'}", out),
        ("in the account", inside),
    ):
        chart.add(name, values[::-1])
    last = next(step for step in statement.waterfall if step.name in {"account", "remains"})
    end = "to the account" if last.name == "account" else "to what stays of it in the account"
    return _picture(
        chart,
        f"Rows from the source ({number(statement.books.source_rows)}) {end} "
        f"({number(last.rows)}), step by step.",
    )


def stage_pictures(statement: Statement) -> list[Picture]:
    """Records by stage before and after, and the money of each currency."""
    lines = statement.stages
    if not lines:
        return []
    title = f"{statement.of.capitalize()} by stage"
    found = [_beside(lines, "stage-rows", title, _rows, number)]
    for at, code in enumerate(statement.currencies):

        def money(heap: Heap | None, code: str = code) -> float:
            return float(heap.money.get(code, 0)) if heap else 0.0

        title = f"Amounts by stage in {code or CURRENCY}"
        found.append(_beside(lines, f"stage-money-{at}", title, money, compact))
    return found


def _rows(heap: Heap | None) -> float:
    return heap.rows if heap else 0


def _beside(
    lines: Sequence[StageLine],
    name: str,
    title: str,
    measure: Callable[[Heap | None], float],
    said: Callable[[Decimal | float], str],
) -> Picture:
    shown = list(lines[:_MOST_STAGES])
    rest = lines[_MOST_STAGES:]
    labels = [line.stage or "(none)" for line in shown]
    before = [measure(line.before) for line in shown]
    after = [measure(line.after) for line in shown]
    left = [measure(line.left) for line in shown]
    if rest:
        labels.append(f"{len(rest)} other stages")
        before.append(sum(measure(line.before) for line in rest))
        after.append(sum(measure(line.after) for line in rest))
        left.append(sum(measure(line.left) for line in rest))
    chart = _chart(pygal.HorizontalBar, 2 * len(labels), name, said, width=_HALF)
    chart.x_labels = labels[::-1]
    chart.add("before: source", before[::-1])
    chart.add("after: account", after[::-1])
    if not any(line.left for line in lines):
        return _picture(chart, f"{title}, before in the source and after in the account.")
    chart.add("not loaded yet", left[::-1])
    return _picture(
        chart, f"{title}, before in the source, after in the account, and what is not loaded yet."
    )


def field_picture(statement: Statement) -> Picture | None:
    """How many of a hundred records have a field, before and after."""
    lines = [
        line for line in statement.fields if line.field and line.rows and line.filled is not None
    ]
    lines = [line for line in lines if line.held is not None and line.records][:_MOST_FIELDS]
    if not lines:
        return None
    chart = _chart(pygal.HorizontalBar, 2 * len(lines), "fields", _hundredth)
    chart.range = (0, 100)
    chart.x_labels = [line.field for line in lines][::-1]
    before = [100 * (line.filled or 0) / line.rows for line in lines]
    after = [100 * (line.held or 0) / line.records for line in lines]
    chart.add("before, in the source's rows", before[::-1])
    chart.add("after, in the account's records", after[::-1])
    return _picture(chart, "How often each field is filled, of a hundred rows or records.")


def _hundredth(value: Decimal | float) -> str:
    return f"{value:.0f} %"


def traffic_picture(traffic: Traffic, name: str) -> Picture | None:
    """Requests over time, beside what the quota allows; None of a few moments."""
    last = traffic.moments[-1].at + traffic.width
    width = traffic.width
    while last > _BARS * width:
        width *= 2
    counts = [0] * -(-last // width)
    for moment in traffic.moments:
        counts[moment.at // width] += moment.sent
    if len(counts) <= _FEWEST:
        return None
    window = fullest(traffic)
    if window is not None and window.seconds > width:
        many = int(window.seconds // width)
        counts = [sum(counts[max(0, at + 1 - many) : at + 1]) for at in range(len(counts))]
    limit = most_in(window, width) if window is not None else None
    chart = _chart(pygal.Line, 9, name, number)
    chart.range = (0, max(*counts, limit or 0))
    chart.x_labels = _times(last, width, len(counts))
    chart.add("requests", counts, fill=True, show_dots=False)
    if window is None or limit is None:
        return _picture(chart, f"Requests in each {span(width)}, from the first one on.")
    chart.add("what the quota allows", [limit] * len(counts), show_dots=False)
    told = "within the last" if window.seconds > width else "in each"
    return _picture(
        chart,
        f"Requests {told} {span(max(width, window.seconds))}, beside the {number(limit)} that the "
        "quota allows in that time.",
    )


def fullest(traffic: Traffic) -> Window | None:
    """The window that came nearest to being used up; None where no quota is known."""
    return max(traffic.windows, key=lambda one: one.busiest / one.ours, default=None)


def most_in(window: Window, width: int) -> int:
    """The most requests that a window lets us send in so many seconds, or in itself if longer."""
    return int(window.ours * max(1.0, width / window.seconds))


def _times(last: int, width: int, count: int) -> list[str]:
    """Labels of a time axis: a few round times, the others blank."""
    step = next((one for one in _STEPS if last / one <= _LABELS), last)
    labels = [""] * count
    for at in range(0, last, step):
        labels[at // width] = span(at)
    return labels


def _chart(
    kind: Callable[..., Any],
    bars: int,
    name: str,
    said: Callable[[Decimal | float], str],
    width: int = _WIDTH,
) -> Any:  # noqa: ANN401 - pygal has no types
    chart = kind(
        style=_STYLE,
        width=width,
        height=64 + _BAR * bars,
        js=[],
        legend_at_bottom=True,
        legend_box_size=11,
        margin=4,
        margin_right=26,
        spacing=6,
        max_scale=6 if width > _HALF else 4,
        truncate_label=width // 20,
        truncate_legend=-1,
        disable_xml_declaration=True,
        value_formatter=said,
    )
    chart.uuid = name
    return chart


def _picture(chart: Any, caption: str) -> Picture:  # noqa: ANN401 - as above
    name = str(chart.uuid)

    def plain(root: Element) -> Element:
        """The drawing alone, with a title."""
        for parent in list(root.iter()):
            for child in list(parent):
                if not isinstance(child.tag, str) or child.tag in {"script", "style", "desc"}:
                    parent.remove(child)
                elif child.get("id", "").startswith("activate"):  # the same in each picture
                    del child.attrib["id"]
        title = root.makeelement("title", {"id": f"title-{name}"})
        title.text = caption
        root.insert(0, title)
        root.set("role", "img")
        root.set("aria-labelledby", f"title-{name}")
        return root

    chart.add_xml_filter(plain)
    return Picture(Markup(chart.render(is_unicode=True)), caption)  # noqa: S704 - made by etree
