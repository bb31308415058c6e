"""The three CRMs as the simulation meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.crms.activecampaign import ActiveCampaign
from tests.simulation.crms.brevo import Brevo
from tests.simulation.crms.hubspot import HubSpot

if TYPE_CHECKING:
    import random

    from tests.simulation.clock import WorldClock
    from tests.simulation.crms.base import Crm

_CRMS: dict[str, type[Crm]] = {
    "hubspot": HubSpot,
    "brevo": Brevo,
    "activecampaign": ActiveCampaign,
}
VENDORS = tuple(_CRMS)


def make_crm(vendor: str, rng: random.Random, clock: WorldClock, *, ready: bool) -> Crm:
    """An empty account of a vendor, as a seed decides; ``ready`` = with the fields of the rows."""
    return _CRMS[vendor](rng, clock, ready=ready)
