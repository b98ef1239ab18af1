"""A page as PDF: the HTML page laid out by WeasyPrint, tagged for readers that speak, and the same bytes every time.

WeasyPrint is an extra (`pip install 'detente[pdf]'`) and needs Pango from the system; both are looked for only
when a PDF is asked for, and whoever lacks one is told which.  Nothing is fetched: a page needs nothing, and
whatever asks for an address, be it of a file, is refused.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

from detente.documents import page_frame, page_html
from detente.documents.matter import Matter, Meta
from detente.documents.page_frame import Element
from detente.ground.errors import Malformed, Unfit
from detente.ground.instants import iso
from detente.procedures.table.known import Known

VARIANT: Final = "pdf/ua-1"
PATIENCE: Final = 120.0  # seconds for a child process
_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_CANNOT: Final = 3  # the child's exit code where WeasyPrint or Pango is missing
# What the child is told of its surroundings: where programs, libraries and fonts lie, and nothing else.
_SURROUNDINGS: Final = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH", "XDG_CACHE_HOME",
                        "FONTCONFIG_PATH", "FONTCONFIG_FILE")  # fmt: skip
_INSTALL: Final = "PDF needs WeasyPrint, which is not here. Install it with: pip install 'detente[pdf]'"
_PANGO: Final = (
    "PDF needs the library Pango, which this system lacks. On Debian: apt install libpango-1.0-0 libpangoft2-1.0-0"
)


class NothingIsFetched(Exception):
    """A page asked for something from elsewhere."""


def write(matter: Matter, meta: Meta, known: Known | None = None) -> bytes:
    """The reading as PDF/UA-1; `Unfit` with what to install where WeasyPrint or Pango is missing."""
    return from_page(page_html.page(matter, meta, known), meta)


def from_page(page: Element, meta: Meta) -> bytes:
    """A page of ours (page_frame.py) as PDF.  It bears the instant that the meta names, or none."""
    return _pressed(_prepared(page, meta))


def apart(page: Element, meta: Meta) -> bytes:
    """The same by a child process: for a house, which must not stand still while pages are laid out.

    `Malformed` where it takes longer than it is given; `Unfit` as above.
    """
    command = [sys.executable, "-B", "-m", __name__]
    kept = {name: os.environ[name] for name in _SURROUNDINGS if name in os.environ}
    try:
        ended = subprocess.run(  # noqa: S603 - this very interpreter, on this module
            command,
            input=_prepared(page, meta),
            capture_output=True,
            timeout=PATIENCE,
            env=kept,
            cwd=_ROOT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Malformed("This PDF takes longer to make than it is given; take the page in HTML and print it.") from None
    if ended.returncode == _CANNOT:
        raise Unfit(ended.stdout.decode())
    if ended.returncode != 0:
        raise Malformed("The PDF could not be made of this text; take the page in HTML and print it.")
    return ended.stdout


def _prepared(page: Element, meta: Meta) -> bytes:
    head = page[0]
    next(head.iter("style")).text = page_frame.print_style()
    if meta.at is not None:
        for name in ("dcterms.created", "dcterms.modified"):
            page_frame.put(head, "meta", name=name, content=iso(meta.at)[:19] + "Z")
    return page_frame.written(page)


def _pressed(written: bytes) -> bytes:
    weasyprint = _weasyprint()
    nobody = type("Nobody", (weasyprint.urls.URLFetcher,), {"fetch": refuse})
    document = weasyprint.HTML(string=written.decode(), url_fetcher=nobody())
    made: bytes = document.write_pdf(pdf_variant=VARIANT, pdf_identifier=hashlib.sha256(written).digest()[:16])
    return made


def _weasyprint() -> Any:
    try:
        import weasyprint  # noqa: PLC0415 - a second to import, and only PDF needs it
    except ModuleNotFoundError:
        raise Unfit(_INSTALL) from None
    except OSError:  # the loader of shared libraries
        raise Unfit(_PANGO) from None
    return weasyprint


def refuse(_: object, url: str, *__: object, **___: object) -> NoReturn:
    """What every address and every file gets that a page may ask for."""
    raise NothingIsFetched(url)


def _main() -> int:
    """The child: a page on standard input, the PDF on standard output; or what is missing, and 3."""
    try:
        sys.stdout.buffer.write(_pressed(sys.stdin.buffer.read()))
    except Unfit as error:
        sys.stdout.write(error.sentence)
        return _CANNOT
    return 0


if __name__ == "__main__":
    sys.exit(_main())
