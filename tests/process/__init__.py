"""Real processes against a served sandbox: killed, interrupted, cut off, out of room."""
