"""HubSpot: the adapter, and the sandbox."""
