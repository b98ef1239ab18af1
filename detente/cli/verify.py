"""`detente verify --parties ANCHORS FILE`: what a sealed instrument proves, offline, in sentences.

Exit 0 proved; 1 false; 2 cannot be read; 3 consistent in itself, but who the parties are, or that it was
published, is not established.  Never 0 for anything less than everything.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from detente.evidence import anchors, instrument, publication, verifier
from detente.evidence.verifier import Finding, Outcome, Verdict
from detente.wire import text

_PROOF_SUFFIX: Final = ".tlog-proof"
_MARKS: Final = {
    Outcome.PROVED: "holds",
    Outcome.FALSE: "FALSE",
    Outcome.UNREADABLE: "UNREADABLE",
    Outcome.UNANCHORED: "unknown",
    Outcome.UNPUBLISHED: "unknown",
}


def verify(
    file: Annotated[Path, typer.Argument(help="the sealed instrument")],
    parties: Annotated[Path | None, typer.Option(help="the anchors: whom you trust to be who")] = None,
    proof: Annotated[
        Path | None, typer.Option(help="the register's proof; by default FILE.tlog-proof, if there")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on one line")] = False,  # noqa: FBT002 - typer wants it so
) -> None:
    """Say what a sealed instrument proves and by whom, without any network."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    verdict = judge(file, parties, proof)
    sys.stdout.write(as_line(verdict) if as_json else as_sentences(verdict))
    raise typer.Exit(verdict.outcome.exit_code)


def judge(file: Path, parties: Path | None, proof: Path | None) -> Verdict:
    """The verdict on files, none of which is read further than it may be long."""
    beside = file.with_name(file.name + _PROOF_SUFFIX) if file.name else file
    named_proof = proof or (beside if beside.is_file() else None)
    try:
        return verifier.verify(
            _read(file, instrument.FILE_LIMIT),
            _read(named_proof, publication.PROOF_LIMIT) if named_proof else None,
            _read(parties, anchors.LARGEST) if parties else None,
        )
    except OSError as error:
        return Verdict((Finding(1, _cannot_open(error), Outcome.UNREADABLE),))


def as_sentences(verdict: Verdict) -> str:
    """For a person."""
    lines = [f"{finding.number:>3}  {_MARKS[finding.outcome]:<10}  {finding.sentence}" for finding in verdict.findings]
    return "\n".join([*lines, "", verdict.summary]) + "\n"


def as_line(verdict: Verdict) -> str:
    """For a program: `outcome`, `exit` and `findings` (each `number`, `ok`, `outcome`, `sentence`)."""
    rows = [
        {"number": one.number, "ok": one.ok, "outcome": one.outcome.value, "sentence": one.sentence}
        for one in verdict.findings
    ]
    return json.dumps({"exit": verdict.outcome.exit_code, "findings": rows, "outcome": verdict.outcome.value}) + "\n"


def _read(path: Path, limit: int) -> bytes:
    """At most one byte more than is allowed, so that a huge file costs no memory."""
    with path.open("rb") as stream:
        return stream.read(limit + 1)


def _cannot_open(error: OSError) -> str:
    return text.visible(f"{error.filename} cannot be read: {error.strerror or error}.")


def main() -> None:
    """This command alone, without the others."""
    typer.run(verify)


if __name__ == "__main__":
    main()
