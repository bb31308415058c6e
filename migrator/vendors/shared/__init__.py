"""What the adapters have in common: looking up, comparing, and naming what is wrong."""
