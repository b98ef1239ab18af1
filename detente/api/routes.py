"""The API on one page: what is asked, which power it takes, how large the body may be, who does it.

Paths stand below /api/v1.  Bodies and answers are JSON, unless a file is named.  `{line}`, `{act}`,
`{text}`, `{digest}` and `{slot}` are small hex digits; bytes inside the body of an act are base64, as
in the act itself.  An act needs, besides, the power of its own procedure (`chancery.identity.POWERS`).
"""

from __future__ import annotations

from typing import Final

from detente.api import (
    acts,
    charters,
    decisions,
    directory,
    documents,
    drafts,
    house,
    incoming,
    instruments,
    lines,
    negotiation,
    signing_in,
    standing,
    texts,
)
from detente.api.calls import OPEN, Route

SMALL: Final = 16 * 1024
FILE: Final = 4 * 2**20
DOCUMENT: Final = 16 * 2**20  # as much as a document may have (documents/intake.py)
ACT: Final = 16 * 2**20  # a text of some megabytes, with all its escapes

ROUTES: Final = (
    Route("POST", "/session/challenge", OPEN, SMALL, signing_in.ask),
    Route("POST", "/session", OPEN, SMALL, signing_in.open_session),
    Route("DELETE", "/session", "read", 0, house.close_session),
    Route("POST", "/passkeys", OPEN, SMALL, signing_in.enrol),
    Route("GET", "/passkeys", "security", 0, signing_in.list_passkeys),
    Route("POST", "/passkeys/withdraw", "security", SMALL, signing_in.withdraw),
    Route("GET", "/house", "read", 0, house.describe),
    Route("GET", "/record", "read", 0, house.own_record),
    Route("GET", "/news", "read", 0, house.news),
    Route("GET", "/directory", "read", 0, directory.list_parties),
    Route("POST", "/directory", "security", FILE, directory.receive_record),
    Route("POST", "/directory/{party}/comparisons", "security", SMALL, directory.compare),
    Route("POST", "/lines", "conclude", FILE, lines.found),
    Route("GET", "/lines", "read", 0, lines.list_lines),
    Route("GET", "/summonses", "read", 0, lines.list_summonses),
    Route("POST", "/summonses/{line}/agree", "conclude", SMALL, lines.agree),
    Route("GET", "/lines/{line}", "read", 0, lines.describe),
    Route("GET", "/lines/{line}/alarms", "read", 0, lines.list_alarms),
    Route("POST", "/lines/{line}/acts", "read", ACT, acts.submit),
    Route("GET", "/lines/{line}/acts", "read", 0, acts.list_acts),
    Route("GET", "/lines/{line}/acts/{act}", "read", 0, acts.get_act),
    Route("GET", "/lines/{line}/drafts", "read", 0, drafts.list_drafts),
    Route("POST", "/lines/{line}/drafts", "correspond", FILE, drafts.write),
    Route("POST", "/lines/{line}/drafts/{draft}/clear", "correspond", SMALL, drafts.clear),
    Route("POST", "/lines/{line}/drafts/{draft}/reject", "correspond", SMALL, drafts.reject),
    Route("POST", "/lines/{line}/drafts/{draft}/rewrite", "correspond", FILE, drafts.rewrite),
    Route("POST", "/lines/{line}/drafts/{draft}/discard", "correspond", SMALL, drafts.discard),
    Route("POST", "/lines/{line}/drafts/{draft}/authorise", "authorise", SMALL, drafts.authorise),
    Route("GET", "/lines/{line}/notes", "read", 0, lines.list_notes),
    Route("GET", "/lines/{line}/registry", "read", 0, lines.registry_numbers),
    Route("GET", "/lines/{line}/texts", "read", 0, texts.list_texts),
    Route("GET", "/lines/{line}/texts/{text}", "read", 0, texts.describe),
    Route("GET", "/lines/{line}/texts/{text}/page", "read", 0, texts.page),
    Route("GET", "/lines/{line}/texts/{text}/slots", "read", 0, texts.list_slots),
    Route("GET", "/lines/{line}/texts/{text}/clean", "read", 0, texts.clean),
    Route("GET", "/charters", "read", 0, charters.list_templates),
    Route("GET", "/charters/{name}", "read", 0, charters.template),
    Route("GET", "/lines/{line}/charter", "read", 0, charters.describe),
    Route("POST", "/lines/{line}/charter", "conclude", FILE, charters.propose),
    Route("GET", "/lines/{line}/charter/changes", "read", 0, charters.changes),
    Route("POST", "/lines/{line}/may", "read", ACT, charters.may),
    Route("GET", "/lines/{line}/decisions", "read", 0, decisions.list_all),
    Route("GET", "/lines/{line}/texts/{text}/overview", "read", 0, negotiation.overview),
    Route("GET", "/lines/{line}/texts/{text}/changes", "read", 0, negotiation.changes),
    Route("GET", "/lines/{line}/texts/{text}/around", "read", 0, negotiation.around),
    Route("GET", "/lines/{line}/texts/{text}/rendered", "read", 0, negotiation.rendered),
    Route("GET", "/lines/{line}/texts/{text}/standing", "read", 0, standing.standing),
    Route("GET", "/lines/{line}/texts/{text}/burn-down", "read", 0, standing.burn_down),
    Route("POST", "/lines/{line}/texts/{text}/read", "read", SMALL, standing.read_to),
    Route("GET", "/lines/{line}/texts/{text}/documents", "read", 0, documents.list_forms),
    Route("GET", "/lines/{line}/texts/{text}/documents/{form}", "read", 0, documents.get),
    Route("POST", "/lines/{line}/documents", "negotiate", DOCUMENT, incoming.preview),
    Route("GET", "/lines/{line}/documents/{digest}", "negotiate", 0, incoming.show),
    Route("POST", "/lines/{line}/documents/{digest}/import", "negotiate", SMALL, incoming.lay),
    Route("POST", "/lines/{line}/texts/{text}/revisions", "negotiate", DOCUMENT, incoming.preview_revision),
    Route("GET", "/lines/{line}/texts/{text}/revisions/{digest}", "negotiate", 0, incoming.show_revision),
    Route("POST", "/lines/{line}/texts/{text}/revisions/{digest}/propose", "negotiate", SMALL, incoming.propose),
    Route("GET", "/lines/{line}/instruments", "read", 0, instruments.list_all),
    Route("GET", "/lines/{line}/instruments/{digest}", "read", 0, instruments.describe),
    Route("GET", "/lines/{line}/instruments/{digest}/approval", "conclude", 0, instruments.approval),
    Route("POST", "/lines/{line}/instruments/{digest}/approval", "conclude", SMALL, instruments.approve),
    Route("POST", "/lines/{line}/instruments/{digest}/seal", "conclude", SMALL, instruments.seal),
    Route("GET", "/lines/{line}/instruments/{digest}/file", "read", 0, instruments.get_file),
    Route("GET", "/lines/{line}/instruments/{digest}/proof", "read", 0, instruments.get_proof),
    Route("POST", "/lines/{line}/instruments/{digest}/publish", "conclude", SMALL, instruments.publish),
)
