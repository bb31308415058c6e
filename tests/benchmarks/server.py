"""The benchmarks' HubSpot over HTTP: ``python -m tests.benchmarks.server``.

All tools meet this one server, a process of its own. It speaks just enough HTTP/1.1 (kept-alive
connections, bodies with a length or in chunks) and does nothing else, so that its ceiling lies far
above every tool's speed; that ceiling is measured as well. Beside the portal's own paths:

* ``GET /_stats``: what was asked and created since the last reset;
* ``POST /_reset``: forget all, take the settings in the body (:class:`portal.Settings`);
* ``POST /_change``: the same, but deals stay;
* ``GET /_wait?rows=N``: answers once so many deals were created.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.benchmarks.portal import Portal
from tests.benchmarks.replies import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Connection(asyncio.Protocol):
    """One connection; requests on it are answered one after the other."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._buffer = bytearray()
        self._asked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's own
        self._service.forget(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        for method, path, body in self._requests():
            self._service.serve(self, method, path, body)

    def _requests(self) -> Iterator[tuple[str, str, bytes]]:
        """The requests that have arrived whole."""
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, *lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            if headers.get("expect") and not self._asked:
                self._asked = True
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            taken = self._body(headers, end + 4)
            if taken is None:
                return
            body, used = taken
            del self._buffer[:used]
            self._asked = False
            method, path, _ = head.split(" ", 2)
            yield method, path, body

    def _body(self, headers: dict[str, str], start: int) -> tuple[bytes, int] | None:
        """The body and where the request ends; None until it is whole."""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks(start)
        end = start + int(headers.get("content-length", "0"))
        return (bytes(self._buffer[start:end]), end) if len(self._buffer) >= end else None

    def _chunks(self, start: int) -> tuple[bytes, int] | None:
        parts = bytearray()
        while (line := self._buffer.find(b"\r\n", start)) >= 0:
            size = int(bytes(self._buffer[start:line]).split(b";")[0], 16)
            end = line + 2 + size + 2
            if len(self._buffer) < end:
                return None
            parts += self._buffer[line + 2 : end - 2]
            start = end
            if not size:
                return bytes(parts), end
        return None

    def answer(self, answer: Answer) -> None:
        """Send it, unless it is lost or nobody is there any more."""
        if self._transport.is_closing():
            return
        if answer.lost:
            self._transport.abort()
            return
        body = json.dumps(answer.body).encode()
        lines = [
            f"HTTP/1.1 {answer.status} {answer.reason}",
            "Content-Type: application/json;charset=utf-8",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in answer.headers),
        ]
        self._transport.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


class Service:
    """The portal behind its connections."""

    def __init__(self) -> None:
        self.portal = Portal()
        self._waiting: list[tuple[int, _Connection]] = []

    def connection(self) -> _Connection:
        """For the event loop: a new connection."""
        return _Connection(self)

    def forget(self, connection: _Connection) -> None:
        """Who has gone waits no more."""
        self._waiting = [(rows, one) for rows, one in self._waiting if one is not connection]

    def serve(self, connection: _Connection, method: str, path: str, body: bytes) -> None:
        """Have the portal work at once, and answer when the latency is over."""
        if path.startswith("/_"):
            self._manage(connection, path, body)
            return
        loop = asyncio.get_running_loop()
        answer = self.portal.handle(method, path, body, loop.time())
        if self.portal.settings.latency:
            loop.call_later(self.portal.settings.latency, connection.answer, answer)
        else:
            connection.answer(answer)
        self._tell()

    def _manage(self, connection: _Connection, path: str, body: bytes) -> None:
        parts = urlsplit(path)
        if parts.path == "/_wait":
            self._waiting.append((int(parse_qs(parts.query)["rows"][0]), connection))
            self._tell()
            return
        if parts.path == "/_reset":
            self.portal.reset(json.loads(body or b"{}"))
        elif parts.path == "/_change":
            self.portal.change(json.loads(body or b"{}"))
        elif parts.path != "/_stats":
            connection.answer(Answer(404, {"message": f"no {parts.path}"}))
            return
        connection.answer(Answer(200, self.portal.stats()))

    def _tell(self) -> None:
        created = self.portal.created
        for rows, connection in [one for one in self._waiting if one[0] <= created]:
            self._waiting.remove((rows, connection))
            connection.answer(Answer(200, {"created": created}))


async def serve(port: int) -> None:
    """Serve until cancelled; the first line on stdout is the address."""
    service = Service()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(service.connection, "127.0.0.1", port)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Read the port, and serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    gc.disable()  # millions of deals make its rounds long, and nothing here is a cycle
    try:
        asyncio.run(serve(options.port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
