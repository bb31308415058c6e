"""HubSpot: the CRM as a vendor, and imitated as a sandbox."""
