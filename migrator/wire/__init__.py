"""The way to a CRM: httpx transports around transports, composed in one function.

::

    client -> Retry -> Turnstile -> Pace -> Log -> Discretion -> the network, or a sandbox

``Retry`` decides when a request is sent again, ``Turnstile`` how many are under way at once,
``Pace`` when one may leave; ``Log`` writes one line for each that left. ``Pace`` goes by an
``Allowance``: our part of the quota, how long to wait for it, the ``Ledger`` in which processes
share what they spent, and the ``Meter`` that tells when. What an answer *means* is the vendor's
business: it describes itself by a :class:`Dialect`.
"""

from migrator.wire.allowance import PATIENCE, Allowance
from migrator.wire.base import Clock, Dialect, Quota, SystemClock, told_at
from migrator.wire.client import (
    TIMEOUT,
    Part,
    Tuning,
    address_of,
    connect,
    host_of,
    request,
)
from migrator.wire.crowd import MOST, Crowd, Crowds, Slots, Turnstile
from migrator.wire.faults import Fault, FaultKind, Faulty, at_random
from migrator.wire.ledger import Ledger, LedgerFile, Memory
from migrator.wire.log import Log
from migrator.wire.meter import Meter
from migrator.wire.pace import Pace
from migrator.wire.retry import NOT_CARRIED_OUT, TRIES, Effect, Retry

__all__ = [
    "MOST",
    "NOT_CARRIED_OUT",
    "PATIENCE",
    "TIMEOUT",
    "TRIES",
    "Allowance",
    "Clock",
    "Crowd",
    "Crowds",
    "Dialect",
    "Effect",
    "Fault",
    "FaultKind",
    "Faulty",
    "Ledger",
    "LedgerFile",
    "Log",
    "Memory",
    "Meter",
    "Pace",
    "Part",
    "Quota",
    "Retry",
    "Slots",
    "SystemClock",
    "Tuning",
    "Turnstile",
    "address_of",
    "at_random",
    "connect",
    "host_of",
    "request",
    "told_at",
]
