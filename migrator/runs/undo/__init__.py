"""Take a run back: a plan built from the journal backwards, and three lists of what came of it."""
