"""Ask on a terminal about what a guess is unsure of: a question each, Enter takes the guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from migrator.report import wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.guess.matching import Match
    from migrator.runs.guessing import Guess

_OTHERS = 5
_WIDE = 72
_NAMES = {
    "key": "the id of a record",
    "name": "the name of a deal",
    "close_date": "the date of closing",
    "created_at": "the date of creation",
    "contacts": "the contact's e-mail address",
    "companies": "the company",
}


def asked(guess: Guess) -> Guess:
    """The guess after all questions: which column, then how dates and numbers are written."""
    for match in guess.draft().matching.matches:
        if not match.sure and not match.doubt and match.columns:
            guess = _which(guess, match)
    for column in guess.draft().undecided:
        reading = guess.matching.profile.column(column).reading
        if reading is not None and reading.question:
            _say(f"{column}: {reading.question}.")
            answer = _pick("Which is it?", [_shown(choice) for choice in reading.choices])
            guess = guess.decided(column, reading.choices[answer])
    zones = ["UTC"]
    if guess.aim.account and guess.aim.account.time_zone:
        zones.append(guess.aim.account.time_zone)
    draft = guess.draft()
    if draft.zoneless and len(set(zones)) > 1:
        _say(f"Times without a time zone: {', '.join(draft.zoneless)}.")
        guess = guess.zoned(zones[_pick("Whose are they?", zones)])
    return guess


def _which(guess: Guess, match: Match) -> Guess:
    """Ask which column gives a field: the guess, what else it could be, columns without a field."""
    likely = [name for name, _ in guess.matching.candidates.get(match.field, ())]
    left = [column.name for column in guess.matching.unmapped if column.filled]
    others = [name for name in dict.fromkeys([*likely, *left]) if (name,) != match.columns]
    choices = [match.columns, *((name,) for name in others[:_OTHERS]), ()]
    _say(f"{match.score:.0%} sure: {'; '.join(match.reasons)}.")
    word = _NAMES.get(match.field, f"the {match.field}")
    answer = _pick(f"Which column is {word}?", [_described(guess, each) for each in choices])
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
