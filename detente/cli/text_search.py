"""`detente text search QUERY` and `detente text similar FILE`: agreed language, and clauses that read alike.

A query is words, all of which are looked for, and "phrases in quotes".  With --like the passages of a file take the
place of the query, each for itself.  Every hit says where its text comes from, or that this is not known.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from detente.cli.text_files import refuse
from detente.cli.text_library import AsJson, Where, known, opened, provenance
from detente.cli.text_work import Progress, put, read_bytes, refusing
from detente.library.texts import MOST_HITS, Hit
from detente.procedures.table import inspect, similar
from detente.procedures.table.lint_look import Look

_MOST_LOOKED_FOR = 2_000  # passages of a file
_SHOWN = 40


def search(
    library: Where,
    query: Annotated[str, typer.Argument(help="words, and “phrases” in quotes")] = "",
    like: Annotated[Path | None, typer.Option(help="a text whose passages are looked for, each for itself")] = None,
    most: Annotated[int, typer.Option(help="hits, of each passage with --like")] = 5,
    at_least: Annotated[float, typer.Option(help="per cent of likeness, with --like")] = 60.0,
    *,
    as_json: AsJson = False,
) -> None:
    """Look for agreed language in a library of texts; every hit bears its source and whether it was adopted."""
    if bool(query) == (like is not None):
        refuse("Give a query, or a text with --like.")
    if not 1 <= most <= MOST_HITS:
        refuse(f"Between 1 and {MOST_HITS} hits can be asked for.")
    if like is None:
        with opened(library) as held:
            hits = held.search(query, most)
        if as_json:
            put({"query": query, "hits": [_hit(each) for each in hits]})
        else:
            sys.stdout.write(_screen(hits))
        return
    with refusing(like):
        asked = similar.passages(Look(inspect.read(read_bytes(like))))
    if not 1 <= len(asked) <= _MOST_LOOKED_FOR:
        refuse(f"{like}: between 1 and {_MOST_LOOKED_FOR:,} passages can be looked for; it has {len(asked):,}.")
    progress = Progress("passages")
    found: list[tuple[similar.Passage, list[Hit]]] = []
    with opened(library) as held:
        for each in asked:
            found.append((each, [hit for hit in held.like(each.words, most) if hit.score >= at_least]))
            progress(len(found), len(asked))
    if as_json:
        put({"passages": [_looked_for(each, hits) for each, hits in found]})
    else:
        sys.stdout.write("".join(_screen_of(each, hits) for each, hits in found))


def _hit(each: Hit) -> dict[str, Any]:
    return {
        "score": each.score,
        "all_words": each.whole,
        "label": each.label,
        "heading": each.heading,
        "line": each.line,
        "words": each.words,
        "excerpt": each.excerpt,
        "work": known(each.work),
    }


def _looked_for(each: similar.Passage, hits: list[Hit]) -> dict[str, Any]:
    return {"label": each.label, "line": each.line, "words": each.words, "hits": [_hit(hit) for hit in hits]}


def _screen(hits: list[Hit]) -> str:
    if not hits:
        return "Nothing in the library has these words.\n"
    return "".join(_lines(each) for each in hits)


def _lines(each: Hit) -> str:
    some = "" if each.whole or not each.score else "  (some of the words)"
    return (
        f"{each.score:>5.1f}  {each.label} - {each.work.work.title}{some}\n"
        f"       {provenance(each.work)}\n"
        f"       {each.excerpt}\n"
    )


def _screen_of(each: similar.Passage, hits: list[Hit]) -> str:
    head = f"line {each.line}  {each.label}: {each.words[:90]}\n"
    if not hits:
        return head + "       nothing in the library reads like this\n"
    return head + "".join(_lines(hit).replace("  (some of the words)", "") for hit in hits)


def alike(
    file: Annotated[Path, typer.Argument(help="a text in Markdown or plain, UTF-8")],
    at_least: Annotated[float, typer.Option(help="per cent of the letters")] = 80.0,
    *,
    as_json: AsJson = False,
) -> None:
    """Say which passages of one text read alike; alternatives, which never stand together, are marked."""
    if not 0 < at_least <= 100:
        refuse("Likeness is said in per cent, above 0.")
    with refusing(file):
        pairs = similar.inside(Look(inspect.read(read_bytes(file))), at_least)
    if as_json:
        put({"file": str(file), "pairs": [_pair(each) for each in pairs]})
        return
    for each in pairs[:_SHOWN]:
        kind = "  (alternatives)" if each.alternatives else ""
        sys.stdout.write(f"{each.score:>5.1f}  line {each.one.line} and line {each.other.line}{kind}\n")
        sys.stdout.write(f"       {each.one.label}: {each.one.words[:90]}\n")
    if len(pairs) > _SHOWN:
        sys.stdout.write(f"and {len(pairs) - _SHOWN} more (--json shows all)\n")
    sys.stdout.write(f"{len(pairs)} pairs\n")


def _pair(each: similar.Pair) -> dict[str, Any]:
    ends = (("one", each.one), ("other", each.other))
    told = {name: {"label": end.label, "line": end.line, "words": end.words} for name, end in ends}
    return {"score": each.score, "alternatives": each.alternatives, **told}
