"""HubSpot imitated in memory, by its public documentation only.

What the documentation leaves open is an option of :class:`HubSpotOptions` that says UNCERTAIN, or
a comment with that word at the line.
"""

from migrator.vendors.hubspot.sandbox.app import HubSpotSandbox
from migrator.vendors.hubspot.sandbox.portal import HubSpotOptions

__all__ = ["HubSpotOptions", "HubSpotSandbox"]
