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
    pipedrive.PIECED,
    hubspot.DEALS,
    hubspot.GERMAN,
    salesforce.OPPORTUNITIES,
    salesforce.REPORT,
    salesforce.JOINED,
    zoho.DEALS,
    zoho.REOPENED,
    dynamics365.OPPORTUNITIES,
    activecampaign.DEALS,
    brevo.DEALS,
    canonical.DEALS,
)
"""Every sample file of deals, the demo's first."""
