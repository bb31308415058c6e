"""One module per product: its columns, its habits and its wrong rows."""

from sample_data.layouts import (
    activecampaign,
    brevo,
    canonical,
    dynamics365,
    hubspot,
    pipedrive,
    salesforce,
    zoho,
)
from sample_data.layouts.base import Layout

__all__ = ["LAYOUTS", "Layout"]

LAYOUTS: tuple[Layout, ...] = (
    pipedrive.DEALS,
    pipedrive.UNDECIDED,
    hubspot.DEALS,
    salesforce.OPPORTUNITIES,
    salesforce.REPORT,
    zoho.DEALS,
    dynamics365.OPPORTUNITIES,
    activecampaign.DEALS,
    brevo.DEALS,
    canonical.DEALS,
)
"""Every sample file, the demo's first."""
