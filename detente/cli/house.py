"""`detente house make` and `detente house record`: a party's beginning, and the file by which others know it."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from detente.bootstrap import make_house, open_store
from detente.chancery.directory import Directory
from detente.chancery.identity import EVERY_POWER, MACHINE, ROOTS, THRESHOLD, NewHouse
from detente.cli.keys import store_key
from detente.crypto.hybrid import HybridSeeds
from detente.evidence import records
from detente.evidence.records import Persons
from detente.ground.errors import DetenteError, Unfit
from detente.hostkit.files import write_private
from detente.wire import canonical

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Make a party's house; hand over its record.")

_UNFIT = 3
OFFICES: Final = {
    "head-of-mission": EVERY_POWER,
    "legal-adviser": ("correspond", "negotiate", "read"),
    "registry": ("correspond", "negotiate", "read", "security"),
}
Home = Annotated[Path, typer.Option(help="the folder of the house's store")]
KeyFile = Annotated[Path | None, typer.Option(help="the store's key, 32 bytes; made if it is not there")]
PassphraseFile = Annotated[Path | None, typer.Option(help="a passphrase in place of a key")]


@app.command()
def make(  # noqa: PLR0917 - a command has as many options as it has
    home: Home,
    name: Annotated[str, typer.Option(help="what the party calls itself")],
    lang: Annotated[str, typer.Option(help="the language of that name")] = "en",
    key_file: KeyFile = None,
    passphrase_file: PassphraseFile = None,
    roots: Annotated[Path | None, typer.Option(help="where the root keys are handed out")] = None,
    offices: Annotated[
        list[str] | None, typer.Option(help="an office with its powers, for example registry=read,correspond")
    ] = None,
    persons: Annotated[
        Path | None, typer.Option(help="who approves what the party seals: passkeys (docs/specs/instrument.md, 5.1)")
    ] = None,
) -> None:
    """Make a party: its store, its record, and the three root keys that are to be taken away."""
    away = roots or home.parent / "take-these-away"
    try:
        _check_away(home, away)
        named, approving = _offices(offices or []), _persons(persons)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = store_key(home, key_file, passphrase_file, make=True)
        made, digits = make_house(home, key, {lang: name}, named, partial(_hand_out, away), persons=approving)
    except DetenteError as error:
        _stop(error)
    sys.stdout.write(
        f"The house of {name} is made.\n\n"
        f"party   {made.party}\n"
        f"digits  {digits}\n\n"
        f"Its {ROOTS} root keys are in {away}, one file each. They belong in sealed envelopes, in safes\n"
        f"of different people, and on no machine: move each file there now and delete it here.\n"
        f"Any {THRESHOLD} of them together can change every other key of the party; any one can freeze its record.\n"
    )


@app.command()
def record(
    home: Home,
    key_file: KeyFile = None,
    passphrase_file: PassphraseFile = None,
    out: Annotated[Path | None, typer.Option(help="where to write the file; on the screen by default")] = None,
) -> None:
    """Write the party's record as the file that other parties take in, and say the digits that they compare."""
    try:
        store = open_store(home, store_key(home, key_file, passphrase_file))
        try:
            directory = Directory(store)
            party = directory.own_party
            raw, digits = records.encode_chain(directory.chain(party)), directory.digits(party)
        finally:
            store.close()
        if out is not None:
            write_private(out, raw)
    except DetenteError as error:
        _stop(error)
    if out is None:
        sys.stdout.buffer.write(raw + b"\n")
        sys.stderr.write(f"digits  {digits}\n")
    else:
        sys.stdout.write(f"party   {party}\ndigits  {digits}\n")


def _offices(given: list[str]) -> dict[str, tuple[str, ...]]:
    if not given:
        return dict(OFFICES)
    found: dict[str, tuple[str, ...]] = {}
    for each in given:
        office, _, powers = each.partition("=")
        asked = tuple(powers.split(",")) if powers else EVERY_POWER
        if office == MACHINE:
            raise Unfit(f"“{MACHINE}” is the house itself: no office may bear that name.")
        strange = [power for power in asked if power not in EVERY_POWER]
        if strange:
            raise Unfit(f"“{strange[0]}” is no power of an office; there are {', '.join(EVERY_POWER)}.")
        found[office] = asked
    return found


def _persons(file: Path | None) -> Persons | None:
    """The persons of a file in canonical JSON; what they say is checked with the record."""
    if file is None:
        return None
    try:
        with file.open("rb") as stream:
            raw = stream.read(records.BODY_LIMIT + 1)
    except OSError as error:
        raise Unfit(f"{file} cannot be read: {error.strerror}.") from None
    return canonical.decode(raw.removesuffix(b"\n"), Persons)


def _check_away(home: Path, away: Path) -> None:
    if home.resolve() in (away.resolve(), *away.resolve().parents):
        raise Unfit("The root keys may not be written into the home of the house.")
    present = [path.name for path in away.glob("root-*.key")] if away.is_dir() else []
    if present:
        raise Unfit(f"There are root keys in {away} already ({', '.join(sorted(present))}); nothing was changed.")


def _hand_out(away: Path, made: NewHouse) -> None:
    for number, seeds in enumerate(made.roots, 1):
        write_private(away / f"root-{number}.key", _written(seeds))


def _written(seeds: HybridSeeds) -> bytes:
    return (
        "A root key of a party's record (Ed25519 and ML-DSA-65, seeds in hexadecimal). Keep it sealed.\n"
        f"ed25519 {seeds.ed25519.hex()}\nmldsa65 {seeds.mldsa65.hex()}\n"
    ).encode()


def _stop(error: DetenteError) -> NoReturn:
    sys.stderr.write(f"{error.sentence}\n")
    raise typer.Exit(_UNFIT)
