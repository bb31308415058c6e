"""What becomes of a row whose deal seems to be in the account already, without a key of ours."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Self

from pydantic import Field, ValidationError, model_validator

from migrator.errors import InputError
from migrator.template.base import Part

if TYPE_CHECKING:
    from collections.abc import Collection


class Likeness(StrEnum):
    """What two deals have in common that are taken for the same one."""

    NAME = "name"
    AMOUNT = "amount"
    COMPANY = "company"
    CLOSE_DATE = "close_date"


class Survivor(StrEnum):
    """Which of the two stays, or that a person has to look."""

    UPDATE = "update"
    SKIP = "skip"
    CREATE = "create"
    STOP = "stop"


_FILLED_BY = {Likeness.COMPANY: "companies"}
"""Where the field of a template is called otherwise."""


class Existing(Part):
    """How deals that are in the account without a key of ours are told to be those of the file."""

    match: tuple[Likeness, ...] = Field(
        description="What must be the same, or blank in both: name, whatever its letter case and "
        "spaces, and one or more of amount (with its currency), company and close_date. Where only "
        "one of two deals says something, or their names differ in punctuation alone, nobody "
        "guesses: such rows are turned down and told."
    )
    then: Survivor = Field(
        description="update: the deal of the account becomes the row's, with its key. skip: it "
        "stays as it is, and the row is turned down with its id. create: the row becomes another "
        "deal, and the plan says how many. stop: nothing is written where there is any, for sure "
        "or perhaps."
    )

    @model_validator(mode="after")
    def _tells_deals_apart(self) -> Self:
        if Likeness.NAME not in self.match or len(set(self.match)) < 2:
            raise ValueError(
                "existing: deals are not the same for one thing alone; match name and one or more "
                "of amount, company, close_date"
            )
        return self

    def ensure_filled(self, fields: Collection[str]) -> None:
        """Refuse to match by what a template does not fill.

        Raises:
            ValueError: it does not.
        """
        for one in self.match:
            name = _FILLED_BY.get(one, one.value)
            if name not in fields:
                raise ValueError(
                    f"existing: deals cannot be matched by {one}, for no field {name} is filled"
                )


def parse_existing(text: str) -> Existing:
    """The rule in ``name,amount=skip``.

    Raises:
        InputError: it is none.
    """
    names, _, then = (part.strip() for part in text.partition("="))
    match = [name.strip() for name in names.split(",") if name.strip()]
    try:
        return Existing.model_validate({"match": match, "then": then})
    except ValidationError as error:
        why = str(error.errors()[0]["msg"]).removeprefix("Value error, existing: ")
        raise InputError(
            f'--existing "{text}" cannot be understood: {why}. Name what deals must have in '
            "common, of name, amount, company and close_date, and what becomes of them (update, "
            "skip, create or stop), such as name,amount=skip."
        ) from error
