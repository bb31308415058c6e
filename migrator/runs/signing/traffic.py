"""The requests of a run over time, beside what the quota allows."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migrator.report.statement import Moment, Traffic, Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.wire import Meter
    from migrator.wire.meter import Flow


def traffic(spent: Mapping[str, Meter]) -> tuple[Traffic, ...]:
    """By purpose and bucket of the quota."""
    return tuple(
        _traffic(what, bucket, flow, meter.width)
        for what, meter in spent.items()
        for bucket, flow in meter.flows.items()
        if flow.slots
    )


def _traffic(what: str, bucket: str, flow: Flow, width: int) -> Traffic:
    first = min(flow.slots)
    counts = sorted(flow.slots.items())
    since = datetime.fromtimestamp(first * width, UTC)
    return Traffic(
        what,
        bucket,
        since.isoformat(),
        width,
        sum(sent for sent, _ in flow.slots.values()),
        sum(refused for _, refused in flow.slots.values()),
        tuple(Moment((slot - first) * width, sent, refused) for slot, (sent, refused) in counts),
        tuple(
            Window(seconds, most, ours, _busiest(flow, seconds, width))
            for seconds, (most, ours) in sorted(flow.windows.items())
        ),
    )


def _busiest(flow: Flow, seconds: float, width: int) -> int:
    """Requests in the fullest window; of moments that are longer, an equal part."""
    if width > seconds:
        return round(max(sent for sent, _ in flow.slots.values()) * seconds / width)
    windows: Counter[int] = Counter()
    for slot, (sent, _) in flow.slots.items():
        windows[int(slot * width // seconds)] += sent
    return max(windows.values())
