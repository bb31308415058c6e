"""Ask on a terminal about what a guess is unsure of: a question each, Enter takes the guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from migrator.guess.matching import meant
from migrator.report import wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.guess.matching import Match
    from migrator.runs.guessing import Guess

_OTHERS = 5
_WIDE = 72


def asked(guess: Guess) -> Guess:
    """The guess after all questions: which column, how it is written, what its money is."""
    guess = _columns(guess)
    guess = _amount(guess)
    for column in guess.draft().undecided:
        reading = guess.matching.profile.column(column).reading
        if reading is not None and reading.question:
            _say(f"{column}: {reading.question}.")
            answer = _pick("Which is it?", [_shown(choice) for choice in reading.choices])
            guess = guess.decided(column, reading.choices[answer])
    for sign, codes in guess.draft().signs.items():
        guess = guess.worth(sign, codes[_pick(f"Which currency is {sign}?", codes)])
    return _zone(guess)


def _columns(guess: Guess) -> Guess:
    """What no column is sure to be."""
    first = guess.draft()
    if first.foreign:
        _say(f"{first.foreign[0].upper()}{first.foreign[1:]}.")
    if first.keys:
        guess = _key(guess, first.keys)
    for match in guess.draft().matching.matches:
        if not match.sure and not match.doubt and match.columns:
            guess = _which(guess, match)
    return guess


def _amount(guess: Guess) -> Guess:
    """Which of several columns of money is the deal's."""
    rivals = guess.draft().rivals
    if not rivals:
        return guess
    _say("More than one column could be the amount of a deal.")
    answer = _pick(
        "Which one is it?", [f"{name}: {total} in all" for name, total in rivals.items()]
    )
    return guess.chosen("amount", [list(rivals)[answer]])


def _zone(guess: Guess) -> Guess:
    """Whose the times are that do not say it."""
    zones = ["UTC"]
    if guess.aim.account and guess.aim.account.time_zone:
        zones.append(guess.aim.account.time_zone)
    draft = guess.draft()
    if draft.zoneless and len(set(zones)) > 1:
        _say(f"Times without a time zone: {', '.join(draft.zoneless)}.")
        guess = guess.zoned(zones[_pick("Whose are they?", zones)])
    return guess


def _key(guess: Guess, keys: Sequence[tuple[str, ...]]) -> Guess:
    """Ask which columns together name a record, where no column has ids."""
    _say(
        "No column names a record. Several together can, if what they hold stays as it is from "
        "load to load; the safe way is to export the id too."
    )
    choices = ["none: I will add an id", *(" + ".join(columns) for columns in keys)]
    answer = _pick("Which columns name a record?", choices)
    return guess.chosen("key", keys[answer - 1]) if answer else guess


def _which(guess: Guess, match: Match) -> Guess:
    """Ask which column gives a field: the guess, what else it could be, columns without a field."""
    likely = [name for name, _ in guess.matching.candidates.get(match.field, ())]
    left = [column.name for column in guess.matching.unmapped if column.filled]
    others = [name for name in dict.fromkeys([*likely, *left]) if (name,) != match.columns]
    choices = [match.columns, *((name,) for name in others[:_OTHERS]), ()]
    _say(f"{match.score:.0%} sure: {'; '.join(match.reasons)}.")
    answer = _pick(
        f"Which column is {meant(match.field)}?", [_described(guess, each) for each in choices]
    )
    return guess.confirmed(match) if answer == 0 else guess.chosen(match.field, choices[answer])


def _described(guess: Guess, columns: Sequence[str]) -> str:
    """Columns with their first values, on one line."""
    if not columns:
        return "none of the columns"
    samples = guess.matching.profile.column(columns[0]).samples[:2]
    said = f"{' + '.join(columns)}: {', '.join(' '.join(each.split()) for each in samples)}"
    return said if len(said) <= _WIDE else f"{said[: _WIDE - 3]}..."


def _pick(question: str, choices: Sequence[str]) -> int:
    """The index of the choice; Enter takes the first."""
    for number, choice in enumerate(choices, start=1):
        click.echo(f"  [{number}] {choice}", err=True)
    wanted = click.IntRange(1, len(choices))
    return int(click.prompt(question, type=wanted, default=1, err=True)) - 1


def _shown(choice: str) -> str:
    return f'"{choice}" is the decimal mark' if choice in {".", ","} else choice


def _say(text: str) -> None:
    click.echo("\n" + "\n".join(wrapped(text)), err=True)
