"""ActiveCampaign: the adapter for its API, and its imitation for rehearsals."""
