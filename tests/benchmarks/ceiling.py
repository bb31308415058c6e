"""How fast the benchmarks' server could be, so that it is seen not to be what is measured."""

from __future__ import annotations

import json
import socket
import threading
import time
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.benchmarks.peers.deals import BATCH, read_deals

if TYPE_CHECKING:
    from tests.benchmarks.comparing import Bench

_CONNECTIONS = 4
_BATCHES = 100
"""Sent over each connection."""


def ceiling(bench: Bench) -> float:
    """Deals a second that ready-made batches over a few connections get answered."""
    bench.server.reset(keyed="plain")
    deals = list(islice(read_deals(bench.source(1_000)), BATCH))
    body = json.dumps({"inputs": [{"properties": deal} for deal in deals]}).encode()
    head = (
        "POST /crm/v3/objects/deals/batch/create HTTP/1.1\r\nHost: bench\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    place = urlsplit(bench.server.url)
    assert place.hostname
    assert place.port
    address = (place.hostname, place.port)
    threads = [
        threading.Thread(target=_send, args=(address, head.encode() + body))
        for _ in range(_CONNECTIONS)
    ]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _CONNECTIONS * _BATCHES * BATCH / (time.perf_counter() - begin)


def _send(address: tuple[str, int], request: bytes) -> None:
    with socket.create_connection(address) as connection, connection.makefile("rb") as answers:
        for _ in range(_BATCHES):
            connection.sendall(request)
            length = 0
            while line := answers.readline().strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            answers.read(length)
