"""The tools that are compared: each loads the deals of one CSV, as its own documentation says.

Each is a program: ``python -m tests.benchmarks.peers.NAME CSV URL FOLDER``. Only the same few
columns are sent by all. Retries are on wherever a tool or its documentation has them, since without
them a 429 or a lost answer ends the run, and running it again costs more duplicates than a retry.
Nothing calls home: telemetry is switched off where a tool has any.
"""
