"""How many requests left when, and how many of them the CRM refused for its quota's sake."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from migrator.wire.budget import Limit

_MOST = 600
"""So many moments of a bucket are told apart; of a longer time each is longer."""


@dataclass(slots=True)
class Flow:
    """The requests of one bucket.

    Attributes:
        slots: number of a moment (its time / the meter's width) to requests sent, and refused.
        windows: what the quota allows: requests (all, ours) per seconds, by seconds.
    """

    slots: dict[int, tuple[int, int]] = field(default_factory=dict)
    windows: dict[float, tuple[int, int]] = field(default_factory=dict)

    def add(self, slot: int, sent: int, refused: int) -> None:
        """Count requests of a moment."""
        before = self.slots.get(slot, (0, 0))
        self.slots[slot] = (before[0] + sent, before[1] + refused)


@dataclass(slots=True)
class Meter:
    """Counts requests by moments; what it keeps does not grow with the time.

    Attributes:
        width: seconds of a moment; a power of two.
        flows: by bucket.
        look: is called after each request with its time.
    """

    width: int = 1
    flows: dict[str, Flow] = field(default_factory=dict)
    look: Callable[[float], None] | None = None

    def sent(self, bucket: str, at: float) -> None:
        """A request leaves; ``at`` = seconds of the wall clock."""
        self._add(bucket, at, 1, 0)
        if self.look:
            self.look(at)

    def refused(self, bucket: str, at: float) -> None:
        """A request that left is refused because the quota is used up."""
        self._add(bucket, at, 0, 1)

    def allowed(self, bucket: str, limits: Collection[Limit]) -> None:
        """What the quota is known to allow."""
        windows = {one.seconds: (one.rate.requests, one.ours) for one in limits}
        self._flow(bucket).windows.update(windows)

    def merge(self, other: Meter) -> None:
        """Count what another meter has counted."""
        while self.width < other.width:
            self._widen()
        for bucket, flow in other.flows.items():
            ours = self._flow(bucket)
            ours.windows.update(flow.windows)
            for slot, (sent, refused) in flow.slots.items():
                self._add(bucket, slot * other.width, sent, refused)

    def data(self) -> dict[str, Any]:
        """As plain JSON data."""
        flows = {
            bucket: {
                "slots": [[slot, *counts] for slot, counts in sorted(flow.slots.items())],
                "windows": [[seconds, *most] for seconds, most in sorted(flow.windows.items())],
            }
            for bucket, flow in self.flows.items()
        }
        return {"width": self.width, "flows": flows}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """From :meth:`data`.

        Raises:
            LookupError, TypeError, ValueError: it is other data.
        """
        meter = cls(int(data["width"]))
        for bucket, flow in data["flows"].items():
            slots = {int(slot): (int(sent), int(no)) for slot, sent, no in flow["slots"]}
            windows = {float(per): (int(most), int(ours)) for per, most, ours in flow["windows"]}
            meter.flows[bucket] = Flow(slots, windows)
        return meter

    def _flow(self, bucket: str) -> Flow:
        return self.flows.setdefault(bucket, Flow())

    def _add(self, bucket: str, at: float, sent: int, refused: int) -> None:
        flow = self._flow(bucket)
        flow.add(int(at // self.width), sent, refused)
        while len(flow.slots) > _MOST:
            self._widen()

    def _widen(self) -> None:
        """Make two moments one, everywhere."""
        self.width *= 2
        for flow in self.flows.values():
            before, flow.slots = flow.slots, {}
            for slot, (sent, refused) in before.items():
                flow.add(slot // 2, sent, refused)
