"""Whether an account was ever written to, and whether a person has said by name that it may be.

A token that was left in the environment, of the wrong customer's account, looks like any other.
So before the first write into an account somebody names it. Only a sandbox is a rehearsal, in which
there is nothing to be harmed: a server on this machine that says of itself that it is one. An
address of this machine alone may be that of a tunnel or a proxy to a customer's account.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from migrator import wire
from migrator.errors import InputError

if TYPE_CHECKING:
    from migrator.journal import Journal, Run
    from migrator.model import Account
    from migrator.runs.target import Target

REHEARSAL = "rehearsal"
"""Among a run's settings: it was planned against a sandbox."""

NAME = "account_name"
"""Among a run's settings: what its account is called."""

_CONFIRMED = "confirmed"
"""Among a run's settings: somebody named its account before it was written to."""


@dataclass(frozen=True, slots=True)
class Destination:
    """An account that is about to be written to.

    Attributes:
        vendor: on the command line.
        account: its id.
        name: what people call it; its id where nothing else is known.
        run: that writes, if one does.
    """

    vendor: str
    account: str
    name: str
    run: str | None = None

    @classmethod
    def of(cls, run: Run) -> Self:
        """Where a run writes."""
        return cls(run.vendor, run.account, run.settings.get(NAME, run.account), run.id)

    @classmethod
    def among(cls, account: Account) -> Self:
        """An account as it was described."""
        return cls(account.vendor, account.id, account.name)

    @property
    def text(self) -> str:
        """The id, and the name where that is another."""
        return self.account if self.name == self.account else f"{self.account} ({self.name})"

    def is_called(self, given: str) -> bool:
        """Whether a person means this account: its name or id, whatever the letter case.

        >>> Destination("v", "17", "Acme Inc.").is_called(" acme  INC. ")
        True
        """
        return _folded(given) in {_folded(self.name), _folded(self.account)} - {""}


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def is_rehearsal(target: Target) -> bool:
    """Whether it is a sandbox that would be written to, as it says itself.

    Only a server on this machine is asked. One in this process is a sandbox always.

    Raises:
        Unavailable: nobody answers at an address of this machine.
    """
    if target.transport is not None:
        return True
    return is_here(target.base_url) and target.marked


def is_here(base_url: str) -> bool:
    """Whether an address is on this machine.

    >>> is_here("http://localhost:8765"), is_here("http://[::1]:80/v3")
    (True, True)
    >>> is_here("https://api.example.com"), is_here("http://localhost.example.com")
    (False, False)
    """
    host = wire.host_of(base_url).rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def settings_of(target: Target, account: Account) -> dict[str, object]:
    """What a run's settings say of where it writes."""
    return {NAME: account.name, REHEARSAL: is_rehearsal(target)}


def is_first(journal: Journal, target: Target, destination: Destination) -> bool:
    """Whether nothing was ever written there from this journal, and nobody has named it.

    A rehearsal against a copy of an account, which has its id, is no write into it.

    Raises:
        Unavailable: see :func:`is_rehearsal`.
    """
    if is_rehearsal(target):
        return False
    there = (destination.vendor, destination.account)
    runs = [run for run in journal.runs() if (run.vendor, run.account) == there]
    if any(run.settings.get(_CONFIRMED) for run in runs):
        return False
    rehearsed = any(run.settings.get(REHEARSAL) for run in runs)
    return rehearsed or journal.touched(*there) is None


def ensure_called(destination: Destination, given: str) -> None:
    """Refuse to write where another account was named.

    Raises:
        InputError: it is called otherwise.
    """
    if not destination.is_called(given):
        raise InputError(
            f'Nothing was written: the secret is of account {destination.text}, not of "{given}". '
            "Set the other account's secret, or name this one."
        )


def remember(journal: Journal, destination: Destination) -> None:
    """Note that somebody named the account, so that nobody is asked again."""
    if destination.run is None:
        return
    run = journal.run(destination.run)
    journal.update_run(
        run.id,
        account_fingerprint=run.account_fingerprint,
        settings={**run.settings, _CONFIRMED: True},
    )
