"""The deals of the CSV as Singer messages on standard output."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.benchmarks.peers.deals import read_deals


def main() -> None:
    """One SCHEMA, then a RECORD each."""
    write = sys.stdout.write
    schema: dict[str, object] = {"type": "SCHEMA", "stream": "deals", "key_properties": []}
    for deal in read_deals(Path(sys.argv[1])):
        if schema:
            texts = {name: {"type": ["string", "null"]} for name in deal}
            write(json.dumps({**schema, "schema": {"properties": texts}}) + "\n")
            schema = {}
        write(json.dumps({"type": "RECORD", "stream": "deals", "record": deal}) + "\n")


if __name__ == "__main__":
    main()
