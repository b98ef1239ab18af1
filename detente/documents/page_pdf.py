"""A page as PDF: the HTML page laid out by WeasyPrint, tagged for readers that speak, and the same bytes every time.

WeasyPrint is an extra (`pip install 'detente[pdf]'`) and needs Pango from the system; both are looked for only
when a PDF is asked for, and whoever lacks one is told which.  Nothing is fetched: a page needs nothing, and
whatever asks for an address, be it of a file, is refused.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, NoReturn

from detente.documents import page_frame, page_html
from detente.documents.matter import Matter, Meta
from detente.documents.page_frame import Element
from detente.ground.errors import Unfit
from detente.ground.instants import iso
from detente.procedures.table.known import Known

VARIANT: Final = "pdf/ua-1"
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
    weasyprint = _weasyprint()
    head = page[0]
    next(head.iter("style")).text = page_frame.print_style()
    if meta.at is not None:
        for name in ("dcterms.created", "dcterms.modified"):
            page_frame.put(head, "meta", name=name, content=iso(meta.at)[:19] + "Z")
    written = page_frame.written(page)
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
