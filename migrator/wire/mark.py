"""How a server says of itself that it only imitates a CRM.

An address proves nothing: behind one of this machine may be a tunnel or a proxy to a customer's
account. So our sandboxes bear a mark, which no CRM's own server has.
"""

from __future__ import annotations

import httpx

from migrator.errors import Unavailable

MARK = "X-Migrator-Sandbox"
"""Header of every answer of a sandbox."""

_PATIENCE = httpx.Timeout(10.0)


def is_marked(base_url: str) -> bool:
    """Ask a server whether it is a sandbox: one request for its front page, without a secret.

    Raises:
        Unavailable: nobody answers there.
    """
    url = httpx.URL(base_url.strip()).copy_with(path="/", query=None, fragment=None)
    try:
        with httpx.Client(trust_env=False, timeout=_PATIENCE) as client:
            return MARK in client.get(url).headers
    except httpx.TransportError as error:
        raise Unavailable(
            f"Nobody answers at {url.netloc.decode()} ({type(error).__name__}). Nothing was "
            "written; start the server, or set the address right."
        ) from error
