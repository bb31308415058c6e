"""What all parts of a template have in common: frozen, and no key that we do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from migrator.errors import did_you_mean


class Part(BaseModel):
    """A part of a template."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _know_all_keys(cls, data: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
        """Refuse unknown keys by ourselves: pydantic names them, but not what was meant."""
        if not isinstance(data, Mapping):
            return data
        names = [info.alias or name for name, info in cls.model_fields.items()]
        for key in data:
            if key not in names and key not in cls.model_fields:
                hint = did_you_mean(str(key), names) or f" Known here: {', '.join(names)}."
                raise PydanticCustomError(
                    "unknown_key",
                    'unknown key "{name}".{hint}',
                    {"key": (str(key),), "hint": hint, "name": str(key)},
                )
        return data


def _listed(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    return [value] if isinstance(value, str) else value


def _unblank(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    return "" if value is None else value


Text = Annotated[str, BeforeValidator(_unblank)]
"""A text; nothing written stands for the empty text."""

Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed)]
"""Several texts; one alone needs no brackets."""

Aliases = Annotated[
    tuple[str | tuple[str, ...], ...],
    BeforeValidator(_listed),
    Field(min_length=1),
]
"""Headers; an entry that is itself a list holds several spellings of one header."""
