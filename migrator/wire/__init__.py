"""The way to a CRM: httpx transports around transports, composed in one function.

::

    client -> Retry -> Pace -> Log -> the network, or faults around it, or a sandbox

``Retry`` decides when a request is sent again, ``Pace`` when it may leave, ``Log`` writes one line
for each that left. What an answer *means* is the vendor's business: it describes itself by a
:class:`Dialect`.
"""

from migrator.wire.base import Clock, Dialect, Quota, SystemClock
from migrator.wire.client import TIMEOUT, Part, Tuning, connect, request
from migrator.wire.faults import Fault, FaultKind, Faulty, at_random
from migrator.wire.log import Log
from migrator.wire.pace import PATIENCE, Pace
from migrator.wire.retry import NOT_CARRIED_OUT, TRIES, Effect, Retry

__all__ = [
    "NOT_CARRIED_OUT",
    "PATIENCE",
    "TIMEOUT",
    "TRIES",
    "Clock",
    "Dialect",
    "Effect",
    "Fault",
    "FaultKind",
    "Faulty",
    "Log",
    "Pace",
    "Part",
    "Quota",
    "Retry",
    "SystemClock",
    "Tuning",
    "at_random",
    "connect",
    "request",
]
