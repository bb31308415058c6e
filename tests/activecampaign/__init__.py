"""ActiveCampaign: the adapter, and the sandbox."""
