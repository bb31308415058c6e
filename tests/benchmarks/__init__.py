"""Measurements; no part of the test run."""
