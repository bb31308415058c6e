"""The tests; helpers are imported as `tests.support` and the like."""
