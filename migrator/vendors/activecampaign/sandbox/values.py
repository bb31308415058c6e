"""What a custom field takes and how it gives it back; and dates in filters."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

from migrator.vendors.activecampaign.sandbox.answers import detailed, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from zoneinfo import ZoneInfo

    from migrator.vendors.activecampaign.sandbox.answers import Json, Object
    from migrator.vendors.activecampaign.sandbox.rows import Datum, Field

TYPES = (
    "text",
    "textarea",
    "date",
    "datetime",
    "dropdown",
    "multiselect",
    "radio",
    "checkbox",
    "hidden",
    "currency",
    "number",
)
MULTIPLE = frozenset({"multiselect", "checkbox"})
CHOICES = MULTIPLE | {"dropdown", "radio"}

_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%Y-%m-%d %H:%M:%S")
_LARGEST = 10**18


class Money(NamedTuple):
    """A value and, of a currency field, its currency."""

    value: Json
    currency: str | None = None


class BadValue(Exception):
    """A value that its custom field does not take."""


def read(field: Field, value: Json, currency: Json, home: str) -> Money:
    """A value as it is stored; None = blank. Options are not looked at (recorded).

    Raises:
        BadValue: the field's type does not take the value.
    """
    if value is None or value == "":
        return Money(None)
    if field.type == "currency":
        code = currency if isinstance(currency, str) and currency else field.default_currency
        return Money(_cents(value), (code or home).lower())
    return Money(_READERS.get(field.type, text_of)(value))


def refused(field: Field, value: Json) -> Exception:
    """The 422 for a value that cannot be saved."""
    text = text_of(value)
    return detailed(
        f"The custom field value `{text}` could not be saved to the custom field of type "
        f"`{field.type}`."
    )


def cents(value: Json) -> int | None:
    """A number of cents; its fraction is cut off without a word. None = no number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return int(number) if number.is_finite() and abs(number) < _LARGEST else None


def _cents(value: Json) -> Json:
    found = cents(value)
    if found is None:
        raise BadValue
    return found


def _number(value: Json) -> Json:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadValue
    text = str(value).strip()
    try:
        finite = Decimal(text).is_finite()
    except InvalidOperation as error:
        raise BadValue from error
    if not finite:
        raise BadValue
    return text


def _date(value: Json) -> Json:
    for form in _DATES:
        try:
            return datetime.strptime(text_of(value), form).date().isoformat()  # noqa: DTZ007 - a day
        except ValueError:
            continue
    raise BadValue


def _datetime(value: Json) -> Json:
    """ISO 8601 with an offset only; it comes back in UTC (UNCERTAIN)."""
    try:
        found = datetime.fromisoformat(text_of(value))
    except ValueError as error:
        raise BadValue from error
    if found.tzinfo is None or not 1 < found.year < 9999:
        raise BadValue
    return found.astimezone(UTC).isoformat()


def _several(value: Json) -> Json:
    """A list of texts; the form between double bars is that of contacts' imports."""
    if isinstance(value, list):
        return [text_of(one) for one in value]
    if isinstance(value, str) and value.startswith("||"):
        return [one for one in value.split("||") if one]
    raise BadValue


_READERS: dict[str, Callable[[Json], Json]] = {
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "multiselect": _several,
    "checkbox": _several,
}


def raw_row(datum: Datum, field: Field, created: str, updated: str) -> Object:
    """A value as ``include=dealCustomFieldData`` gives it: a row of the database."""
    row: Object = {
        "id": str(datum.id),
        "deal_id": str(datum.deal),
        "custom_field_id": str(datum.field),
        "custom_field_text_value": None,
        "custom_field_text_blob": None,
        "custom_field_date_value": None,
        "custom_field_number_value": None,
        "custom_field_currency_value": None,
        "custom_field_currency_type": None,
        "created_timestamp": created,
        "updated_timestamp": updated,
    }
    if datum.value is None:
        return row
    if field.type == "currency":
        row["custom_field_currency_value"] = text_of(datum.value)
        row["custom_field_currency_type"] = datum.currency
    elif field.type == "number":
        row["custom_field_number_value"] = datum.value
    elif field.type == "date":
        row["custom_field_date_value"] = f"{datum.value} 00:00:00"
    elif field.type == "datetime":
        row["custom_field_date_value"] = text_of(datum.value)[:19].replace("T", " ")
    elif field.type in MULTIPLE:
        row["custom_field_text_blob"] = _barred(datum.value)
    elif field.type == "textarea":
        row["custom_field_text_blob"] = datum.value
    else:
        row["custom_field_text_value"] = datum.value
    return row


def _barred(value: Json) -> str:
    listed: Sequence[Json] = value if isinstance(value, list) else ()
    return "||" + "||".join(text_of(one) for one in listed) + "||"


def moment(text: str | None, zone: ZoneInfo) -> float | None:
    """A date of a filter in seconds since 1970: a day begins at the account's midnight.

    None = unsaid or nonsense, which filters nothing.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.strip().replace(" ", "T", 1))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).timestamp()
