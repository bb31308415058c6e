"""A CRM product as the command line knows it: its options, its chores, how it is connected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict, ValidationError

from migrator.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import httpx

    from migrator.model import Rate
    from migrator.vendors.base import Sandbox, Vendor
    from migrator.vendors.outlook import Outlook
    from migrator.wire import Clock, Quota


@dataclass(frozen=True, slots=True)
class Chore:
    """Housekeeping in an account that a person asks for; never a part of a load.

    Attributes:
        help: what it does, and what it refuses to do.
        arguments: what it takes, in order; where the last ends in ``...``, one or more of it.
        writes: it changes the account; whoever offers it asks first, for there is no undo.
    """

    help: str
    arguments: tuple[str, ...] = ()
    writes: bool = True

    def takes(self, count: int) -> bool:
        """Whether it can be done with so many arguments.

        >>> Chore("Order stages.", ("PIPELINE", "STAGE...")).takes(4), Chore("Look.").takes(1)
        (True, False)
        """
        most = self.arguments and self.arguments[-1].endswith("...")
        return count >= len(self.arguments) if most else count == len(self.arguments)


def chore_of(chores: Mapping[str, Chore], name: str, arguments: Sequence[str]) -> Chore:
    """The chore of a name, for which these arguments will do.

    Raises:
        InputError: there is none of that name, or it takes other arguments.
    """
    chore = chores.get(name)
    if chore is None:
        near = did_you_mean(name, chores)
        raise InputError(f'There is no chore "{name}".{near} There are: {", ".join(chores)}.')
    blank = any(not argument.strip() for argument in arguments)
    if blank or not chore.takes(len(arguments)):
        usage = " ".join((name, *chore.arguments))
        given = "one of them is blank" if blank else f"the arguments given are {len(arguments)}"
        raise InputError(
            f"The chore is asked for as `{usage}`, and {given}. Put a title of several words in "
            "quotation marks."
        )
    return chore


@runtime_checkable
class DoesChores(Protocol):
    """A vendor with housekeeping that no load does; which, is said by its :class:`Product`."""

    async def do(self, chore: str, arguments: Sequence[str]) -> str:
        """Do a chore: what was done or found, in sentences or lines.

        Nothing is done that would take a deal, or a value of one, with it.

        Raises:
            InputError: there is no such chore or nothing of that name, or it would do harm.
        """
        ...


class Options(BaseModel):
    """What a user may set about a vendor, ``--option NAME=VALUE`` on the command line.

    Every field has a default and a description; the descriptions are its documentation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


_Options = TypeVar("_Options", bound=Options)


def read_options(model: type[_Options], given: Mapping[str, str]) -> _Options:
    """Options from their texts.

    Raises:
        InputError: there is no option of that name, or it cannot have that value.
    """
    for name in given.keys() - model.model_fields.keys():
        known = ", ".join(sorted(model.model_fields)) or "none"
        near = did_you_mean(name, model.model_fields)
        raise InputError(f'There is no option "{name}".{near} The options are: {known}.')
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise InputError(
            f'Option {name} cannot be "{given[name]}": {first["msg"]}. '
            f"{model.model_fields[name].description}"
        ) from error


@dataclass(frozen=True, slots=True)
class FieldLimits:
    """What a vendor takes of a field that is to be created.

    Attributes:
        longest: characters of its name at most.
        plain: whether a name is of small ASCII letters, digits and underscores only, and begins
            with a letter.
        bars: texts that no option may have in it.
    """

    longest: int = 100
    plain: bool = False
    bars: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Product:
    """A CRM product as the command line knows it: one of these per vendor, in the registry.

    Attributes:
        name: on the command line.
        title: in prose.
        token_env: environment variable with the secret.
        base_url_env: environment variable that overrides ``base_url``.
        base_url: the vendor's own address; None = every account has its own.
        headers: the authorization headers made of the secret.
        bucket: names the quota a request counts against ("" = the general one).
        rates: the documented windows per bucket.
        learn: reads the windows of the request's bucket from an answer's headers, with what is
            left of each; empty = nothing said.
        spent: whether a 429 (its body is read) says that the quota of the day is spent.
        passing: whether an answer (its body is read) that looks like a refusal says that nothing
            was done and the same request may well be accepted a moment later.
        options: what a user may set.
        configure: the product as these options ask for it.
        connect: makes the vendor of a client; the clock is for polling.
        sandbox: makes an empty sandbox; keyword options are the sandbox's own.
        limits: of fields that are to be created.
        surprises: what the CRM will do besides, that people do not expect: sentences, each with
            the way out, and only those that concern what is going to be written.
        notices: what a user should know of the options chosen; said with every plan.
        chores: housekeeping by name; where there is any, the vendor is a :class:`DoesChores`.
    """

    name: str
    title: str
    token_env: str
    base_url_env: str
    base_url: str | None
    headers: Callable[[str], Mapping[str, str]]
    bucket: Callable[[httpx.Request], str]
    rates: Mapping[str, tuple[Rate, ...]]
    learn: Callable[[httpx.Response], tuple[Quota, ...]]
    spent: Callable[[httpx.Response], bool]
    passing: Callable[[httpx.Response], bool]
    options: type[Options]
    configure: Callable[[Mapping[str, str]], Product]
    connect: Callable[[httpx.AsyncClient, Clock], Vendor]
    sandbox: Callable[..., Sandbox]
    surprises: Callable[[Outlook], Iterable[str]]
    limits: FieldLimits = field(default_factory=FieldLimits)
    notices: tuple[str, ...] = ()
    chores: Mapping[str, Chore] = field(default_factory=dict)
