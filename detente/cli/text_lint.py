"""`detente text lint FILE...`: a text looked over before people do.  What it finds are notes; no file is changed.

Several files are looked over one by one.  With --revisions they are revisions of one text, the oldest first, and what
changed between them is told as well; with --languages they are its versions in several languages.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from detente.cli.text_files import refuse
from detente.cli.text_work import Progress, put, read_bytes, refusing
from detente.procedures.table import inspect, lint, profile
from detente.procedures.table.lint_look import Finding, Look

_SHOWN = 60  # findings of one file on screen; --json has them all


def check(
    files: Annotated[list[Path] | None, typer.Argument(help="texts in Markdown or plain, UTF-8")] = None,
    parties: Annotated[
        Path | None, typer.Option("--profile", help="who sits at the table: codes, names, groups; TOML or JSON")
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--rule", help="this rule alone; may be given again")] = None,
    *,
    revisions: Annotated[bool, typer.Option("--revisions", help="the files are revisions, the oldest first")] = False,
    languages: Annotated[bool, typer.Option("--languages", help="the files are versions in several languages")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="say what is looked for, and stop")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on one line")] = False,
) -> None:
    """Look a text over: references, terms, numbers, brackets, modal verbs, letters that are not what they seem."""
    if rules:
        _tell_rules(as_json=as_json)
        return
    _check_asked(files, only, together=revisions or languages)
    looks = _looks(files or [], parties)
    found = {path: lint.findings(look) for path, look in looks.items()}
    between: tuple[Finding, ...] = ()
    if revisions:
        between = lint.between(list(looks.values()))
    if languages:
        between += lint.languages({path.name: look for path, look in looks.items()})
    if only:
        found = {path: tuple(each for each in one if each.rule in only) for path, one in found.items()}
        between = tuple(each for each in between if each.rule in only)
    if as_json:
        put(_values(found, between))
    else:
        sys.stdout.write(_screen(found, between))


def _check_asked(files: list[Path] | None, only: list[str] | None, *, together: bool) -> None:
    if not files:
        refuse("Name a text to look over.")
    strange = [name for name in only or () if name not in lint.BY_NAME]
    if strange:
        refuse(f"“{strange[0]}” is no rule; --rules lists them.")
    if together and len(files) < 2:
        refuse("Revisions and languages are compared between two files or more.")
    if len(set(files)) < len(files):
        refuse("A file is named twice.")


def _looks(files: list[Path], parties: Path | None) -> dict[Path, Look]:
    known = profile.EMPTY
    if parties is not None:
        with refusing(parties):
            known = profile.read(read_bytes(parties))
    progress = Progress("texts")
    looks: dict[Path, Look] = {}
    for path in files:
        with refusing(path):
            looks[path] = Look(inspect.read(read_bytes(path)), known)
        progress(len(looks), len(files))
    return looks


def _tell_rules(*, as_json: bool) -> None:
    listed = [rule for rule, _ in lint.RULES]
    if as_json:
        put({"rules": [{"rule": each.name, "what": each.what, "severity": each.severity.value, "source": each.source}
                       for each in listed]})  # fmt: skip
        return
    for each in listed:
        sys.stdout.write(f"{each.name:<21} {each.severity.value:<9} {each.what} ({each.source})\n")


def _values(found: dict[Path, tuple[Finding, ...]], between: tuple[Finding, ...]) -> dict[str, Any]:
    return {
        "files": [
            {
                "file": str(path),
                "counts": dict(sorted(Counter(each.rule for each in one).items())),
                "findings": lint.as_json(one),
            }
            for path, one in found.items()
        ],
        "between": lint.as_json(between),
    }


def _screen(found: dict[Path, tuple[Finding, ...]], between: tuple[Finding, ...]) -> str:
    lines: list[str] = []
    for path, one in found.items():
        counts = Counter(lint.BY_NAME[each.rule].severity.value for each in one)
        said = ", ".join(f"{counts[severity.value]} {severity.value}" for severity in lint.Severity)
        lines.append(f"{path}: {_notes(one)} ({said})")
        lines += _lines(one)
    if between:
        lines.append(f"between them: {_notes(between)}")
        lines += _lines(between)
    return "\n".join(lines) + "\n"


def _notes(found: tuple[Finding, ...]) -> str:
    return f"{len(found)} {'note' if len(found) == 1 else 'notes'}"


def _lines(found: tuple[Finding, ...]) -> list[str]:
    shown = [f"  line {each.line:>5}  {each.rule:<21} {each.sentence}" for each in found[:_SHOWN]]
    return [*shown, f"  and {len(found) - _SHOWN} more (--json shows all)"] if len(found) > _SHOWN else shown
