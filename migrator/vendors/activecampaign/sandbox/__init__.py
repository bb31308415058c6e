"""ActiveCampaign imitated in memory, by its documentation and by recorded answers only.

What neither settles is an option of :class:`ActiveCampaignOptions` that says UNCERTAIN, or a
comment with that word at the line.
"""

from migrator.vendors.activecampaign.sandbox.app import ActiveCampaignSandbox
from migrator.vendors.activecampaign.sandbox.options import ActiveCampaignOptions

__all__ = ["ActiveCampaignOptions", "ActiveCampaignSandbox"]
