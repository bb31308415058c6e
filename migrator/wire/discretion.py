"""Nothing that a server says brings the secret any further."""

from __future__ import annotations

import httpx

HIDDEN = b"***"
SHORTEST = 12
"""A text shorter than that is no vendor's token, and may well be a word in somebody's data."""


class Discretion(httpx.AsyncBaseTransport):
    """Takes the secret out of answers: some servers repeat what they were asked in their errors.

    What a vendor says of a refused row goes into the journal, the report and ``rejects.csv``, and
    the text of an error onto the terminal; so it must not get there in the first place.

    Args:
        inner: what carries requests on.
        secret: as it goes over the wire.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, secret: str) -> None:
        self._inner = inner
        self._secret = secret.encode()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send; the answer is read whole."""
        response = await self._inner.handle_async_request(request)
        await response.aread()
        headers = response.headers.raw
        told = len(self._secret) >= SHORTEST and (
            self._secret in response.content or any(self._secret in text for _, text in headers)
        )
        return self._without(response) if told else response

    def _without(self, response: httpx.Response) -> httpx.Response:
        of_body = {b"content-encoding", b"content-length", b"transfer-encoding"}
        return httpx.Response(
            response.status_code,
            headers=[
                (name, text.replace(self._secret, HIDDEN))
                for name, text in response.headers.raw
                if name.lower() not in of_body
            ],
            content=response.content.replace(self._secret, HIDDEN),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close what carries the requests."""
        await self._inner.aclose()
