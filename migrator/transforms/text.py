"""Transforms that make a text of a text, or lists and truth values of texts."""

from collections.abc import Iterable, Mapping

import polars as pl

from migrator.transforms.base import (
    Change,
    Fault,
    lookup,
    lookup_folded,
    per_text,
    spreadsheet_error,
    where_needed,
)
from migrator.transforms.cells import parted
from migrator.transforms.markup import without_html

_INVISIBLE = "[\u00ad\u200b\u200c\u200d\u2060\ufeff]"
_SPACES = "[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]"
_PERHAPS_ODD = (
    "["
    "\u00a0\u00ad\u0374\u037e\u0387\u0900-\u0fff\u1100-\u11ff\u1680\u1f00-\u200d\u202f\u205f\u2060"
    "\u2100-\u212f\u2329\u232a\u2adc\u3000\uf900-\ufb4f\ufeff"
    "\U0001d100-\U0001d1ff\U0002f800-\U0002fa1f"
    r"\p{M}]"
)
"""Without these a text is in NFC and has nothing to replace: accented letters, curly quotes and
most scripts pass; combining marks and what Unicode composes, decomposes or orders do not."""

PLAIN_LETTERS = (
    r"\x{C0}-\x{24F}\x{391}-\x{3A1}\x{3A3}-\x{3CE}\x{400}-\x{482}\x{48A}-\x{52F}"
    r"\x{2010}-\x{2027}\x{20A0}-\x{20C0}\x{3041}-\x{3096}\x{30A1}-\x{30FA}"
    r"\x{4E00}-\x{9FFF}\x{AC00}-\x{D7A3}"
)
"""Ranges of a regular expression: beyond ASCII, what is surely in NFC and no space.

Not all such characters, but those of most texts in a few ranges: Latin, Greek and Cyrillic letters,
dashes and quotes, signs of money, kana, Chinese and Korean.
"""


_STATUS = {
    "open": "open,offen,ouvert,ouverte,aberto,aberta,abierto,abierta,aperto,aperta,active",
    "won": "won,closed won,gewonnen,gagné,gagnée,ganho,ganha,ganado,ganada,vinto,vinta",
    "lost": "lost,closed lost,verloren,perdu,perdue,perdido,perdida,perso,persa",
}


def _normalised(series: pl.Series) -> pl.Series:
    column = pl.col("text")
    column = column.str.replace_all(_INVISIBLE, "").str.replace_all(_SPACES, " ")
    return series.to_frame("text").select(column.str.normalize("NFC")).to_series()


def normalise(column: pl.Expr) -> Change:
    r"""Unicode NFC, no-break and other odd spaces as plain ones, invisible characters removed.

    >>> normalise("1\u00a0000\u200b")
    '1 000'
    """
    return Change(where_needed(column, lambda texts: texts.str.contains(_PERHAPS_ODD), _normalised))


def strip(column: pl.Expr) -> Change:
    """Remove spaces and line breaks before and after.

    >>> strip("  7 ")
    '7'
    """
    return Change(column.str.strip_chars())


def tidied(batch: pl.DataFrame) -> pl.DataFrame:
    """All columns of a batch stripped and normalised; what is blank then is null.

    Nearly all texts are plain ASCII and not blank, so the others are looked for first. All columns
    in each call: batches are small, and a call per column costs more than its work.
    """
    columns = batch.columns
    done = batch.with_columns(pl.all().str.strip_chars())
    size, length = pl.all().str.len_bytes(), pl.all().str.len_chars()
    odd = done.select(
        (size.sum() != length.sum()).name.prefix("far "), (size.min() == 0).name.prefix("blank ")
    ).row(0)
    beyond_ascii = [name for name, some in zip(columns, odd[: len(columns)], strict=True) if some]
    mended = [series for name in beyond_ascii if (series := _mended(done[name])) is not None]
    blank = [name for name, some in zip(columns, odd[len(columns) :], strict=True) if some]
    names = list(dict.fromkeys([*blank, *(series.name for series in mended)]))
    if not names:
        return done
    filled = [pl.when(pl.col(name) != "").then(pl.col(name)) for name in names]
    return done.with_columns(mended).with_columns(filled)


def _mended(texts: pl.Series) -> pl.Series | None:
    """The texts normalised and stripped anew, None if none of them changes."""
    far = (texts.str.len_bytes() != texts.str.len_chars()).arg_true()
    some = texts.gather(far)
    odd = some.str.contains(_PERHAPS_ODD)
    if not odd.any():
        return None
    return texts.scatter(far.filter(odd), _normalised(some.filter(odd)).str.strip_chars())


def spellings(texts: Iterable[str]) -> list[str]:
    """Each text as written, in small letters, in capitals and with a capital initial."""
    variants = ((text, text.lower(), text.upper(), text.capitalize()) for text in texts)
    return sorted({variant for group in variants for variant in group})


def collapse_spaces(column: pl.Expr) -> Change:
    r"""One space for any run of spaces, tabs and line breaks.

    >>> collapse_spaces("a \t b\n\nc")
    'a b c'
    """
    return Change(column.str.replace_all(r"\s+", " "))


def upper(column: pl.Expr) -> Change:
    """Capitals.

    >>> upper("eur")
    'EUR'
    """
    return Change(column.str.to_uppercase())


def lower(column: pl.Expr) -> Change:
    """Small letters.

    >>> lower("Ann@Example.COM")
    'ann@example.com'
    """
    return Change(column.str.to_lowercase())


def title_case(column: pl.Expr) -> Change:
    """A capital at the beginning of every word, small letters after it.

    >>> title_case("ACME north")
    'Acme North'
    """
    return Change(column.str.to_titlecase())


def map_values(column: pl.Expr, values: Mapping[str, str]) -> Change:
    """Replace whole texts by others; a text that is not listed is turned down.

    >>> map("Neu", values={"Neu": "New"})
    'New'
    >>> map("Alt", values={"Neu": "New"})
    unmapped_value
    """
    return Change(
        lookup(column, values),
        (Fault("unmapped_value", f"is none of {', '.join(values)}; add it to the map"),),
    )


def replace(column: pl.Expr, texts: Mapping[str, str]) -> Change:
    """Replace parts of the text, in the order given.

    >>> replace("Acme GmbH & Co", texts={" GmbH & Co": "", "Acme": "ACME"})
    'ACME'
    """
    for old, new in texts.items():
        column = column.str.replace_all(old, new, literal=True)
    return Change(column)


def replace_pattern(column: pl.Expr, regex: str, by: str = "") -> Change:
    """Replace what a regular expression finds; `$1` in `by` stands for its first group.

    >>> replace_pattern("Deal 12 (old)", regex=" [(].*[)]$")
    'Deal 12'
    """
    return Change(column.str.replace_all(regex, by))


def prefix(column: pl.Expr, text: str) -> Change:
    """Put a text before.

    >>> prefix("17", text="SF-")
    'SF-17'
    """
    return Change(pl.lit(text) + column)


def suffix(column: pl.Expr, text: str) -> Change:
    """Put a text after.

    >>> suffix("ann", text="@example.com")
    'ann@example.com'
    """
    return Change(column + pl.lit(text))


def remove_prefix(column: pl.Expr, text: str) -> Change:
    """Remove a text from the beginning, where it is there.

    >>> remove_prefix("zcrm_4150868", text="zcrm_")
    '4150868'
    """
    return Change(column.str.strip_prefix(text))


def truncate(column: pl.Expr, most: int) -> Change:
    """Cut off what is beyond so many characters; the rest is lost, so nothing does it unasked.

    >>> truncate("abcdef", most=4)
    'abcd'
    """
    return Change(column.str.slice(0, most))


def first_word(column: pl.Expr) -> Change:
    """What stands before the first space.

    >>> first_word("Ann Marie Lee")
    'Ann'
    """
    return Change(column.str.extract(r"^\s*(\S+)"))


def digits(column: pl.Expr) -> Change:
    """Keep the digits, and a plus at the beginning, as of a telephone number.

    >>> digits("+33 1 23-45")
    '+3312345'
    """
    sign = pl.when(column.str.starts_with("+")).then(pl.lit("+")).otherwise(pl.lit(""))
    return Change(sign + column.str.replace_all(r"[^0-9]", ""))


def split(column: pl.Expr, separator: str = ";", quoted: bool = False) -> Change:  # noqa: FBT001, FBT002  # named in templates
    """Make a list: cut at the separator, strip each item, drop blank and repeated ones.

    With `quoted`, an item in double quotation marks is one, whatever stands between them.

    >>> split("a@x.org; b@x.org;;a@x.org")
    ['a@x.org', 'b@x.org']
    >>> split('Acme; "Sons; Daughters"', quoted=True)
    ['Acme', 'Sons; Daughters']
    """
    return Change(
        column.map_batches(
            lambda texts: (_with_quoted if quoted else _lists)(texts, separator),
            return_dtype=pl.List(pl.String),
            is_elementwise=True,
        )
    )


def _lists(texts: pl.Series, separator: str) -> pl.Series:
    """Lists of one batch; where nothing is to be cut, which is common, there is little to do."""
    stripped = texts.str.strip_chars()
    if not texts.str.contains(separator, literal=True).any():
        alone = stripped.reshape((-1, 1)).arr.to_list()
        if not stripped.has_nulls() and not (stripped == "").any():
            return alone
        text = pl.col("text")
        frame = pl.DataFrame({"text": stripped, "alone": alone})
        return frame.select(pl.when(text != "").then("alone")).to_series().alias(texts.name)
    item = pl.element().str.strip_chars()
    kept = pl.col("text").str.split(separator).list.eval(item.filter(item != ""))
    kept = kept.list.unique(maintain_order=True)
    lists = pl.when(kept.list.len() > 0).then(kept)
    return texts.to_frame("text").select(lists).to_series().alias(texts.name)


def _with_quoted(texts: pl.Series, separator: str) -> pl.Series:
    """The same; only texts with quotation marks, which are few, are looked at one by one."""
    marked = texts.str.contains('"', literal=True)
    if not marked.any():
        return _lists(texts, separator)
    items = [
        list(dict.fromkeys(parted(text, separator))) or None if some else None
        for text, some in zip(texts, marked, strict=True)
    ]
    frame = pl.DataFrame(
        {
            "marked": marked,
            "items": pl.Series(items, dtype=pl.List(pl.String)),
            "others": _lists(texts, separator),
        }
    )
    chosen = pl.when("marked").then("items").otherwise("others")
    return frame.select(chosen).to_series().alias(texts.name)


def join(column: pl.Expr, separator: str = ";") -> Change:
    """Make one text of a list.

    >>> join(["a", "b"], separator=", ")
    'a, b'
    """
    return Change(column.list.join(separator))


def boolean(
    column: pl.Expr,
    true: tuple[str, ...] = ("true", "yes", "y", "t", "1", "on"),
    false: tuple[str, ...] = ("false", "no", "n", "f", "0", "off"),
) -> Change:
    """A truth value, whatever the letter case.

    >>> boolean("Yes")
    True
    >>> boolean("maybe")
    not_a_boolean
    """
    small = column.str.to_lowercase()
    value = (
        pl.when(small.is_in([text.lower() for text in true]))
        .then(pl.lit(True))
        .when(small.is_in([text.lower() for text in false]))
        .then(pl.lit(False))
    )
    return Change(
        value,
        (
            spreadsheet_error(column),
            Fault(
                "not_a_boolean",
                f"is neither true ({', '.join(true)}) nor false ({', '.join(false)}); correct it",
            ),
        ),
    )


def status(column: pl.Expr) -> Change:
    """open, won or lost, from the usual words for them in some languages.

    >>> status("Gewonnen")
    'won'
    >>> status("pending")
    not_a_status
    """
    known = {word: status for status, listed in _STATUS.items() for word in listed.split(",")}
    value = lookup_folded(column, known)
    fault = Fault("not_a_status", "is not open, won or lost; map it under values")
    return Change(value, (fault,))


def html_to_text(column: pl.Expr) -> Change:
    r"""The text of HTML: a line per block, no tags, no scripts, characters instead of references.

    >>> html_to_text("<p>Tom &amp; Ann</p><ul><li>one<li>two</ul>")
    'Tom & Ann\n- one\n- two'
    """
    return Change(per_text(column, without_html))


def fix_encoding(column: pl.Expr) -> Change:
    """Mend text that was decoded in the wrong encoding.

    >>> fix_encoding("CafÃ© Zoë")
    'Café Zoë'
    """
    return Change(per_text(column, _with_right_encoding))


def _with_right_encoding(text: str) -> str:
    # Slow to import, and few templates ask for it.
    import ftfy  # noqa: PLC0415

    return ftfy.fix_encoding(text)
