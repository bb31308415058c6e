"""Serves a vendor's sandbox on localhost, and spoils answers on purpose.

In process a sandbox is used through ``httpx.MockTransport(sandbox.handle)``; :class:`Faulty` keeps
the same ``handle``, so that both ways of use fail alike.
"""

from __future__ import annotations

import errno
import json
import random
import socket
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import httpx

from migrator.errors import InputError
from migrator.wire.mark import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from migrator.vendors.base import Sandbox

STATE_PATH = "/__sandbox__/state"
"""Where a person with a browser finds the counts."""

_LOST = "Server disconnected without sending a response."
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_FAULTS = ("lost_before", "status_429", "status_500", "lost_after", "status_502", "cut")


@runtime_checkable
class HasState(Protocol):
    """A sandbox that can tell what it holds and what it was asked."""

    def state(self) -> Mapping[str, object]:
        """Counts, ready for JSON."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Which share of requests goes wrong, and how; each is a probability from 0 to 1.

    Attributes:
        seed: the same seed spoils the same requests.
        lost_before: the connection breaks and nothing was done.
        lost_after: the connection breaks after everything was done.
        cut: everything was done and the answer breaks off in its middle.
        status_429: "too many requests", nothing was done.
        status_500: an internal error, nothing was done.
        status_502: a gateway's error, although everything was done.
        slow: a probability, and how many seconds such an answer takes longer.
        after: so many requests from the start are left alone.
        at: number of a request (from 1) to the name of the fault it meets, whatever the shares.
    """

    seed: int = 0
    lost_before: float = 0.0
    lost_after: float = 0.0
    cut: float = 0.0
    status_429: float = 0.0
    status_500: float = 0.0
    status_502: float = 0.0
    slow: tuple[float, float] = (0.0, 0.0)
    after: int = 0
    at: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.at.values()) - set(_FAULTS))
        if unknown:
            raise InputError(
                f"There is no fault called {unknown[0]!r}; the faults are: {', '.join(_FAULTS)}."
            )
        shares = [float(getattr(self, name)) for name in _FAULTS]
        if not all(0 <= share <= 1 for share in (*shares, self.slow[0])):
            raise InputError("The share of a fault is a number from 0 to 1.")


class CutAnswer(httpx.ReadError):
    """The answer broke off in its middle; ``response`` is what it would have been."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__("The connection was closed in the middle of the answer.")
        self.response = response


class Faulty:
    """A sandbox whose answers go astray as :class:`Faults` says.

    Requests reach the sandbox one at a time, whatever the number of threads.

    Args:
        inner: the sandbox.
        faults: what goes wrong.
        sleep: waits for seconds.

    Attributes:
        met: how often each fault happened.
    """

    def __init__(
        self,
        inner: Sandbox,
        faults: Faults,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.met: dict[str, int] = {}
        self._inner = inner
        self._faults = faults
        self._sleep = sleep
        self._random = random.Random(faults.seed)
        self._count = 0
        self._lock = Lock()

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer, or fail as a transport fails.

        Raises:
            httpx.RemoteProtocolError: the connection broke before an answer.
            CutAnswer: the connection broke within the answer.
        """
        with self._lock:
            fault, wait = self._choose()
        if wait:
            self._sleep(wait)
        match fault:
            case "lost_before":
                raise httpx.RemoteProtocolError(_LOST, request=request)
            case "status_429":
                return _plain(429, "Too many requests.", {"Retry-After": "1"})
            case "status_500":
                return _plain(500, "Internal error.")
            case _:
                with self._lock:
                    response = self._inner.handle(request)
        match fault:
            case "lost_after":
                raise httpx.RemoteProtocolError(_LOST, request=request)
            case "status_502":
                return _plain(502, "Bad gateway.")
            case "cut":
                raise CutAnswer(response)
            case _:
                return response

    def state(self) -> Mapping[str, object]:
        """The sandbox's own counts, and the faults that happened."""
        held = dict(self._inner.state()) if isinstance(self._inner, HasState) else {}
        with self._lock:
            return {**held, "faults": dict(self.met)}

    def _choose(self) -> tuple[str | None, float]:
        """The fault this request meets, and how long it waits.

        The same numbers are drawn for every request, so that one fault does not move the others.
        """
        faults = self._faults
        self._count += 1
        drawn = {name: self._random.random() for name in (*_FAULTS, "slow")}
        fault = faults.at.get(self._count)
        wait = 0.0
        if self._count > faults.after:
            likely = (name for name in _FAULTS if drawn[name] < getattr(faults, name))
            fault = fault or next(likely, None)
            wait = faults.slow[1] if drawn["slow"] < faults.slow[0] else 0.0
        for name in (fault, "slow" if wait else None):
            if name is not None:
                self.met[name] = self.met.get(name, 0) + 1
        return fault, wait


def _plain(status: int, message: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json={"status": "error", "message": message}, headers=headers)


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, asks the sandbox, writes the answer in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _answer(self) -> None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
            url = httpx.URL(f"http://sandbox{self.path}")
        except (ValueError, httpx.InvalidURL):
            self._write(_plain(400, "Malformed request."))
            self.close_connection = True
            return
        body = self.rfile.read(length)
        request = httpx.Request(self.command, url, headers=self.headers.items(), content=body)
        try:
            self._write(self._page(request) or self.server.sandbox.handle(request))
        except CutAnswer as error:
            whole = _wire(error.response)
            self.wfile.write(whole[: len(whole) - max(1, len(error.response.content) // 2)])
            self.close_connection = True
        except httpx.TransportError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the base class's names

    def _page(self, request: httpx.Request) -> httpx.Response | None:
        """The pages for people: what this is, and what happened so far."""
        if request.method != "GET":
            return None
        if request.url.path == "/":
            return httpx.Response(200, text=self.server.about)
        if request.url.path == STATE_PATH:
            text = json.dumps(self.server.sandbox.state(), indent=2, default=str)
            return httpx.Response(
                200, content=text.encode(), headers={"Content-Type": "application/json"}
            )
        return None

    def _write(self, response: httpx.Response) -> None:
        self.wfile.write(_wire(response))
        self.server.log(f"{self.command} {self.path} {response.status_code}")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401 - the base class's
        """Complaints of the base class about malformed requests."""
        self.server.log(format % args)


def _wire(response: httpx.Response) -> bytes:
    """A response as bytes, so that one write sends it and no half waits for the other."""
    status = response.status_code
    reason = _REASONS.get(status, "")
    lines = [f"HTTP/1.1 {status} {reason}", f"{MARK}: yes"]
    lines += [
        f"{name}: {value}"
        for name, value in response.headers.items()
        if name not in {"content-length", "transfer-encoding", "connection"}
    ]
    if status not in {204, 304}:
        lines.append(f"content-length: {len(response.content)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + response.content


class _Server(ThreadingTCPServer):
    """Threads of their own for every connection, all of which end when it is closed."""

    allow_reuse_address = True
    request_queue_size = 128
    daemon_threads = False
    block_on_close = True

    def __init__(
        self,
        address: tuple[str, int],
        sandbox: Faulty,
        about: str,
        log: Callable[[str], None],
    ) -> None:
        self.sandbox = sandbox
        self.about = about
        self.log = log
        self._open: set[socket.socket] = set()
        self._guard = Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Remember the connection before its thread starts."""
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - the base class's
        """Forget a connection that ends."""
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """A client that went away is no error of ours; anything else shows its trace."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """End all connections, those that wait for another request as well."""
        with self._guard:
            for connection in self._open:
                with suppress(OSError):  # the client may be quicker
                    connection.shutdown(socket.SHUT_RDWR)


def in_process(sandbox: Sandbox) -> httpx.AsyncBaseTransport:
    """The sandbox in place of the network, for a client in the same process."""
    return httpx.MockTransport(sandbox.handle)


class SandboxServer:
    """A sandbox behind a port of this machine; a context manager.

    Args:
        sandbox: any vendor's sandbox.
        host: address to listen on.
        port: 0 = a free one.
        faults: what goes wrong on purpose.
        name: what ``/`` says it is.
        log: takes one line per request.

    Raises:
        InputError: the port is in use, or the address is not ours.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: Faults | None = None,
        name: str = "A sandbox",
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.faulty = Faulty(sandbox, faults or Faults())
        about = (
            f"{name}: a CRM imitated in memory by migrator, for rehearsals and tests.\n"
            "Nothing here reaches a real account, and everything is forgotten at the end.\n"
            f"What it holds and what it was asked: {STATE_PATH}\n"
        )
        try:
            self._server = _Server((host, port), self.faulty, about, log or _silent)
        except OSError as error:
            raise InputError(_why(host, port, error)) from error
        self.url = f"http://{host}:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Begin to answer, in threads of its own."""
        self._thread.start()

    def wait(self, seconds: float | None = None) -> None:
        """Go on answering for a time, or until another thread closes it or Ctrl-C is pressed."""
        self._thread.join(seconds)

    def close(self) -> None:
        """Stop answering, end all connections and threads, free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()


@contextmanager
def serve(
    sandbox: Sandbox,
    host: str = "127.0.0.1",
    port: int = 0,
    faults: Faults | None = None,
    log: Callable[[str], None] | None = None,
) -> Iterator[SandboxServer]:
    """Serve a sandbox for the length of a ``with`` block."""
    with SandboxServer(sandbox, host=host, port=port, faults=faults, log=log) as server:
        yield server


def _silent(_line: str) -> None:
    """Keep no log."""


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use by another program. Choose another with --port, "
            "or --port 0 for any free one."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} may not be opened by this user. Choose one above 1023 with --port."
    return f"Cannot listen on {host} port {port}: {error.strerror or error}. Try 127.0.0.1."
