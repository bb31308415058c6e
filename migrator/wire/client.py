"""A client for one account, and one request through it."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx

from migrator.errors import InputError, OutcomeUnknown, QuotaSpent, Unauthorized, Unavailable
from migrator.json_text import dumps
from migrator.wire.allowance import Allowance
from migrator.wire.crowd import MOST, Turnstile
from migrator.wire.discretion import Discretion
from migrator.wire.log import Log, shown
from migrator.wire.pace import LEAVING, Pace
from migrator.wire.pools import Pools
from migrator.wire.retry import IN_DOUBT, NOT_CARRIED_OUT, NOT_SENT, TRIES, Effect, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.wire.base import Clock, Dialect

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""Seconds: a batch of a hundred rows may take a CRM a good while; a connection may not."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a ``multipart/form-data`` body; without a file name it is a form field."""

    content: bytes
    type: str
    filename: str | None = None


async def request(  # noqa: PLR0913  # the parts of a request
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    effect: Effect,
    json: Any = None,  # noqa: ANN401  # whatever JSON can say
    params: Mapping[str, str] | None = None,
    parts: Mapping[str, Part] | None = None,
    leaving: Callable[[], None] | None = None,
) -> httpx.Response:
    """Send one request and return its answer, any below 500: what it means is the vendor's to say.

    ``parts`` = a body of ``multipart/form-data`` in place of ``json``. ``leaving`` is called just
    before each try leaves, when the quota has been waited for, which may take hours.

    Raises:
        Unavailable: there was no connection; or the request only reads and got no good answer.
        OutcomeUnknown: the request may have been carried out, and no good answer came.
        QuotaSpent: the quota allows no request for hours.
    """
    query = dict(params) if params else None
    body = None if json is None else dumps(json)
    kind = None if json is None else {"Content-Type": "application/json"}
    sent = client.build_request(
        method, path, content=body, headers=kind, params=query, files=_files(parts)
    )
    sent.extensions["repeatable"] = effect is not Effect.ONCE
    if leaving is not None:
        sent.extensions[LEAVING] = leaving
    try:
        response = await client.send(sent)
    except NOT_SENT as error:
        raise _failed(sent, effect, f"No connection for {_what(sent)} ({_text(error)}).") from error
    except httpx.RequestError as error:
        raise _failed(sent, effect, f"No answer to {_what(sent)} ({_text(error)}).") from error
    except QuotaSpent as error:
        if _lost_before(sent, effect):
            raise _failed(sent, effect, f"No answer to {_what(sent)}, and then: {error}") from error
        raise
    status = response.status_code
    failed = status >= 500 or status == 408
    if failed or (status in NOT_CARRIED_OUT and _lost_before(sent, effect)):
        raise _failed(sent, effect, f"{_what(sent)} was answered with status {status}.")
    return response


def _what(sent: httpx.Request) -> str:
    return f"{sent.method} {shown(sent.url)} at {sent.url.host}"


def _files(
    parts: Mapping[str, Part] | None,
) -> dict[str, tuple[str | None, bytes, str]] | None:
    if parts is None:
        return None
    return {name: (part.filename, part.content, part.type) for name, part in parts.items()}


def _lost_before(sent: httpx.Request, effect: Effect) -> bool:
    """Whether a try of the request may have had its effect."""
    return effect is not Effect.NONE and bool(sent.extensions.get(IN_DOUBT))


def _failed(sent: httpx.Request, effect: Effect, what: str) -> Unavailable | OutcomeUnknown:
    if _lost_before(sent, effect):
        return OutcomeUnknown(f"{what} It may have been carried out.")
    return Unavailable(f"{what} Nothing is lost; look after the connection, then resume.")


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is seldom changed about a client.

    Attributes:
        tries: most times one request is sent.
        timeout: for one try of a request.
        connections: most open at once, all kept alive; some for each bucket of the quota.
        proxy: URL of an HTTP proxy. The environment's proxies are not looked at here: who calls
            may pass one of them.
        seed: spreads retries; None = another spread each time.
    """

    tries: int = TRIES
    timeout: httpx.Timeout = field(default_factory=lambda: TIMEOUT)
    connections: int = 2 * MOST
    proxy: str | None = None
    seed: int | None = None


def connect(  # noqa: PLR0913  # four things to name, three to choose from
    dialect: Dialect,
    token: str,
    base_url: str,
    clock: Clock,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    log: Callable[[str], object] | None = None,
    allowance: Allowance | None = None,
    tuning: Tuning | None = None,
) -> httpx.AsyncClient:
    """A client for one account: authorized, paced, patient, and logged on request.

    Args:
        dialect: the product.
        token: the secret; it goes into headers and nowhere else.
        base_url: may carry a path, which then stands before every request's own.
        clock: the time.
        transport: in place of the network: a sandbox in process, or faults around it.
        log: takes one line per request that left.
        allowance: what to spend of the quota; by default all of it, counted by this client alone.
        tuning: what is seldom changed.

    Raises:
        Unauthorized: the secret is empty, or cannot be in a header.
        InputError: the base URL is none.
    """
    tuning = tuning or Tuning()
    secret = token.strip()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        what = "is empty" if not secret else "has characters that no token has"
        raise Unauthorized(f"The {dialect.title} token {what}. Set {dialect.token_env}.")
    transport = Discretion(transport or _network(tuning), secret)
    if log is not None:
        transport = Log(transport, log, clock)
    url = _checked(base_url, dialect)
    allowance = allowance or Allowance()
    paced = Pace(transport, dialect, clock, allowance, _account(dialect, url, secret))
    crowded = Turnstile(paced, dialect, clock, allowance.crowds)
    return httpx.AsyncClient(
        base_url=url,
        headers={"Accept": "application/json", **dialect.headers(secret)},
        transport=Retry(crowded, dialect, clock, random.Random(tuning.seed), tries=tuning.tries),
        timeout=tuning.timeout,
        trust_env=False,
    )


def _network(tuning: Tuning) -> httpx.AsyncBaseTransport:
    most = tuning.connections
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
    tls = httpx.create_ssl_context()  # takes a while to make, so all pools share one
    return Pools(partial(httpx.AsyncHTTPTransport, verify=tls, limits=limits, proxy=tuning.proxy))


def _checked(base_url: str, dialect: Dialect) -> httpx.URL:
    try:
        url = httpx.URL(base_url.strip())
        url.host.encode("ascii")
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL("")
    port_fits = url.port is None or 0 < url.port < 65536
    if url.scheme not in {"http", "https"} or not url.host or not port_fits:
        # The text is not repeated: it may be the secret, put into the wrong variable.
        raise InputError(
            f"{dialect.base_url_env} is no base URL for {dialect.title}: it must look like "
            "https://host or http://host:port/path. Set it right, or unset it."
        )
    return url


def address_of(url: httpx.URL | str) -> str:
    """Host and port of a base URL, the same however the rest of it is written.

    >>> address_of("https://Acme.example.com:443/api/3/"), address_of("http://127.0.0.1:8765")
    ('acme.example.com', '127.0.0.1:8765')
    """
    url = httpx.URL(url.strip()) if isinstance(url, str) else url
    return url.host if url.port is None else f"{url.host}:{url.port}"


def host_of(url: str) -> str:
    """The host of a base URL, in small letters and without brackets.

    >>> host_of("http://LOCALHOST:8765/v3"), host_of("http://[::1]:80"), host_of("nonsense")
    ('localhost', '::1', '')
    """
    try:
        return httpx.URL(url.strip()).host.casefold()
    except httpx.InvalidURL:
        return ""


def _account(dialect: Dialect, url: httpx.URL, secret: str) -> str:
    """What the ledger calls an account: its address, and where many share one, a mark as well.

    Of a token two bytes of a digest are kept. That is no way back to it, however weak it is: one in
    65,536 of all thinkable tokens has the same mark. Two accounts that have it by chance would
    share a budget, which costs time and nothing else.
    """
    address = address_of(url)
    if dialect.base_url is None:
        return f"{dialect.title} {address}"
    mark = hashlib.blake2b(secret.encode(), digest_size=2, person=b"migrator quota").hexdigest()
    return f"{dialect.title} {address} {mark}"
