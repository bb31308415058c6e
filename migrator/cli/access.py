"""The account that a command works on, and what it may spend of the account's quota."""

from __future__ import annotations

import functools
import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from migrator.runs.target import target_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.journal import Run
    from migrator.runs.target import Target


@dataclass(frozen=True, slots=True)
class Access:
    """The way to accounts: secrets from the environment, and the quota as the user allows.

    Attributes:
        share: the part of the quota that is ours, above 0 to 1.
        patient: wait for it, however long that takes.
        called: what the user says the account is called, before it is written to.
    """

    share: float = 1.0
    patient: bool = False
    called: str | None = None

    def to(self, vendor: str, vendor_options: Mapping[str, str]) -> Target:
        """The account that the environment names."""
        target = target_from(vendor, os.environ, vendor_options)
        return replace(target, share=self.share, patient=self.patient, called=self.called)

    def of(self, run: Run) -> Target:
        """The account of an earlier run, with the options it was planned with."""
        return self.to(run.vendor, run.settings["vendor_options"])


class Percentage(click.ParamType[float]):
    """``20%`` as 0.2; from 0 to less than 100."""

    name = "N%"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a percentage; the sign may be left out."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%?", str(value).strip())
        if not found or float(found[1]) >= 100:
            self.fail(
                f"{value!r} is no percentage from 0 to less than 100, such as 20%", param, ctx
            )
        return float(found[1]) / 100


def access(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--leave`` and ``--wait``; the command gets an ``access`` that goes by them."""

    @click.option(
        "--leave",
        type=Percentage(),
        default=0.0,
        help="Leave so much of the quota of requests to the account's other integrations.",
    )
    @click.option(
        "--wait",
        "patient",
        is_flag=True,
        help="Wait for a quota that is used up, be it a day, instead of stopping with exit code 4.",
    )
    @functools.wraps(command)
    def with_access(*args: Any, leave: float, patient: bool, **options: Any) -> Any:
        return command(*args, access=Access(1.0 - leave, patient), **options)

    return with_access
