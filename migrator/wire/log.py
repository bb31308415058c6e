"""What left, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.wire.base import Clock

_SECRET_WORDS = ("key", "token", "secret", "password", "auth")


def shown(url: httpx.URL) -> str:
    """Path and query of a URL without secrets.

    >>> shown(httpx.URL("https://x.test/deals?limit=5&hapikey=abc"))
    '/deals?limit=5&hapikey=***'
    """
    if not url.query:
        return url.path
    safe = [
        f"{name}=***" if any(word in name.lower() for word in _SECRET_WORDS) else f"{name}={value}"
        for name, value in url.params.multi_items()
    ]
    return f"{url.path}?{'&'.join(safe)}"


class Log(httpx.AsyncBaseTransport):
    """Writes one line per request that left: method, path, status, milliseconds, bytes.

    Headers and bodies are not written at all, so that neither a secret nor a client's data is.
    """

    def __init__(
        self, inner: httpx.AsyncBaseTransport, write: Callable[[str], object], clock: Clock
    ) -> None:
        self._inner = inner
        self._write = write
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and write the line whatever comes of it."""
        start = self._clock.monotonic()
        what = f"{request.method} {shown(request.url)}"
        sent = request.headers.get("Content-Length", "0")
        try:
            response = await self._inner.handle_async_request(request)
            await response.aread()
        except Exception as error:
            self._line(what, type(error).__name__, start, f"{sent} bytes out")
            raise
        size = f"{sent} bytes out, {len(response.content)} in"
        self._line(what, str(response.status_code), start, size)
        return response

    def _line(self, what: str, result: str, start: float, size: str) -> None:
        took = (self._clock.monotonic() - start) * 1000
        self._write(f"{self._clock.now():%H:%M:%S} {what} {result} {took:.0f} ms {size}")

    async def aclose(self) -> None:
        """Close what carries the requests."""
        await self._inner.aclose()
