"""The main job, played to its end: three parties bring a bracketed text to signature.

Every step is done by an office at the API of its own chancery, and every act goes through the whole
journey.  What is chosen in a slot is chosen by a fixed rule, so that the same text always ends in the
same words, whatever is killed on the way.  Steps have names under which the houses know them, so that
playing on after an interruption does nothing twice.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from detente.cli.demo import setting
from detente.cli.demo.delegate import Delegate
from detente.cli.demo.source import Source
from detente.cli.demo.world import SEATS, Seat, World, run, run_second_verifier
from detente.ground.errors import Refused, Stale, Unavailable, Unfit
from detente.procedures.table.parse import VERSION

CHAIR, SECOND, THIRD = SEATS
HEAD, REGISTRY = "head-of-mission", "registry"
FEW_WORDS = 4
MANY_PROVISIONS = 6
PROVISIONS = ("paragraph", "point")
_TOLD = 10  # times that a long settlement says how far it is
_PAGE = 500  # acts in one answer
PREPARED = "prepared"  # a file that says that the negotiation waits
Say = Callable[[str], None]


@dataclass
class Outcome:
    """What the run amounts to, as `--json` prints it."""

    ok: bool = False
    acts: int = 0
    checkpoints: int = 0
    slots: int = 0
    slots_settled: int = 0
    edits_settled: int = 0
    brackets_removed: int = 0
    refused: list[str] = field(default_factory=list)
    content_hash: str = ""
    text_sha256: str = ""
    instrument: str = ""
    proof: str = ""
    parties: str = ""
    acts_file: str = ""
    verify: str = ""
    seconds: float = 0.0
    steps: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


class Script:
    """One run."""

    def __init__(self, world: World, source: Source, say: Say) -> None:
        self.world, self.source, self.say = world, source, say
        self.outcome = Outcome()
        self.delegates: dict[str, dict[str, Delegate]] = {}
        self.parties: dict[str, str] = {}
        self.line = ""
        self.text = ""

    def play(self, begin: Say) -> Outcome:
        """All of it; `begin` is told the name of every step."""
        begun = time.monotonic()
        try:
            for name, step in self._steps():
                begin(name)
                with self._timed(name):
                    self._together()
                    step()
        finally:
            self.close()
        self.outcome.seconds = round(time.monotonic() - begun, 3)
        self.outcome.ok = True
        return self.outcome

    def prepare(self, begin: Say) -> None:
        """As far as people are needed: the text is on the table, and everybody has proposed something."""
        done = self.world.data / PREPARED
        for name, step in self._steps():
            if name == "settlement" or (name == "credence" and done.exists()):
                break
            begin(name)
            step()
        self.close()
        done.touch()

    def close(self) -> None:
        """All delegates leave."""
        for offices in self.delegates.values():
            for delegate in offices.values():
                delegate.close()

    def _steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        yield "processes", self.start
        yield "credence", self.accredit
        yield "line", self.found
        yield "correspondence", self.correspond
        yield "import", self.lay_on_the_table
        yield "proposals", self.propose
        yield "settlement", self.settle
        yield "acceptance", self.accept
        yield "adoption", self.adopt
        yield "seals", self.seal
        yield "publication", self.publish
        yield "verification", self.verify

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.outcome.steps[name] = round(time.monotonic() - begun, 3)

    def _who(self, seat: Seat, office: str = HEAD) -> Delegate:
        return self.delegates[seat.key][office]

    def _together(self) -> None:
        """Wait until the houses have all that was done so far, and have confirmed it: one may have been away."""
        if self.line:
            self._who(CHAIR).wait("The houses do not hold the same", self._same_head)

    def _same_head(self) -> bool:
        found = [delegate.get(f"/lines/{self.line}") for delegate in self._everybody()]
        heads = {(each["head"]["size"], each["head"]["root"], each["confirmed"], each["held"]) for each in found}
        return heads == {(found[0]["size"], found[0]["head"]["root"], found[0]["size"], 0)}

    def _everybody(self) -> list[Delegate]:
        return [self._who(seat) for seat in SEATS]

    # --- the setting -------------------------------------------------------------------------------

    def start(self) -> None:
        """One relay, one register and three chanceries, each a process."""
        for name in setting.start_all(self.world):
            self.say(f"{name} listens on {self.world.url(name)}")

    def accredit(self) -> None:
        """Records change hands, and two offices of each party compare sixty digits."""
        self.delegates = setting.sit_down(self.world)
        self.parties = setting.identities(self.delegates)
        for sentence in setting.accredit(self.delegates):
            self.say(sentence)
        setting.write_anchors(self.world, self.delegates)

    def found(self) -> None:
        """The line, by a founding act that holds the charter."""
        self.line = setting.found_line(self.delegates, self.parties)
        self.say(f"line {self.line[:16]}… is founded; three chanceries are in its group, all of it is confirmed")

    # --- correspondence ----------------------------------------------------------------------------

    def correspond(self) -> None:
        """A note verbale that is delivered, acknowledged and answered; and a non-paper that nobody signs."""
        chair = self._who(CHAIR, REGISTRY)
        others = [self.parties[seat.key] for seat in (SECOND, THIRD)]
        note, number = self._dispatch(
            CHAIR,
            "note-1",
            _note(
                "note verbale",
                to=others,
                character="FORMAL",
                subject="Opening of negotiations",
                text=(
                    f"The Ministry of Foreign Affairs of the {CHAIR.name} presents its compliments to the Embassies of "
                    f"the {SECOND.name} and of {THIRD.name} and has the honour to propose that the negotiation of the "
                    "draft that it will lay on the table today be opened.\n\nThe Ministry avails itself of this "
                    "opportunity to renew to the Embassies the assurances of its highest consideration."
                ),
            ),
        )
        chair.until(self.line, note, "confirmed")
        self.say(f"note verbale {number}: drafted and cleared by one office, authorised by a second, confirmed")
        chair.wait("the note was not delivered", lambda: self._delivered(chair, note))
        self.say("delivered: the chanceries of both addressees have it (a machine says so)")
        for seat in (SECOND, THIRD):
            delegate = self._who(seat, REGISTRY)
            delegate.wait(f"the note has not come to {seat.name}", partial(self._delivered, delegate, note))
            act = delegate.act(
                self.line, f"acknowledge-{seat.key}", {"kind": "correspondence.acknowledge", "note": _b64(note)}
            )
            delegate.until(self.line, act)
            self.say(f"acknowledged: the registry of {seat.name} has seen it (an office says so)")
        self._answer(note)
        self._non_paper()

    def _dispatch(self, seat: Seat, wish: str, body: Mapping[str, Any]) -> tuple[str, str]:
        """Draft, clearance, authority of a second office: (the act, its registry number)."""
        registry, head = self._who(seat, REGISTRY), self._who(seat, HEAD)
        drafts = f"/lines/{self.line}/drafts"
        draft = registry.post(drafts, {"body": body}, wish)
        with contextlib.suppress(Refused):  # cleared already, where an answer was lost; what else is wrong shows next
            registry.post(f"{drafts}/{draft['draft']}/clear")
        sent = head.post(f"{drafts}/{draft['draft']}/authorise")
        return sent["act"], sent["number"] or ""

    def _delivered(self, chair: Delegate, note: str) -> bool:
        for each in chair.get(f"/lines/{self.line}/notes"):
            if each["id"] == note:
                return all(addressee["delivered"] for addressee in each["addressees"])
        return False

    def _answer(self, note: str) -> None:
        answer = _note(
            "note verbale",
            to=[self.parties[CHAIR.key]],
            character="FORMAL",
            subject="Opening of negotiations",
            text=(
                f"The Embassy of the {SECOND.name} presents its compliments to the Ministry of Foreign Affairs of the "
                f"{CHAIR.name} and has the honour to agree to the opening of the negotiation.\n\nThe Embassy avails "
                "itself of this opportunity to renew to the Ministry the assurances of its highest consideration."
            ),
            answers=note,
        )
        self._who(SECOND).until(self.line, self._dispatch(SECOND, "answer-1", answer)[0])
        self.say(f"answered: {SECOND.name} replies in the same form")

    def _non_paper(self) -> None:
        paper = _note(
            "non-paper",
            to=[self.parties[CHAIR.key]],
            character="INFORMAL",
            subject="Thoughts on the order of work",
            text="It might be easier to begin with the articles on which nobody has a bracket.",
        )
        self._who(THIRD).until(self.line, self._dispatch(THIRD, "non-paper-1", paper)[0])
        self.say(f"a non-paper of {THIRD.name} went to the chair: it bears nobody's signature")

    # --- the text ----------------------------------------------------------------------------------

    def lay_on_the_table(self) -> None:
        """The bracketed text, as it is."""
        chair = self._who(CHAIR)
        body = {
            "kind": "table.import",
            "title": self.source.title,
            "language": "en",
            "importer": VERSION,
            "source": self.source.text,
        }
        self.text = chair.act(self.line, "import", body)
        chair.until(self.line, self.text, "confirmed")
        found = self._text(chair)
        self.outcome.slots = found["slots"]
        self.say(f"“{found['title']}” is on the table: {_count(found['slots'], 'place')} where a decision is due")
        if found["slots"] != self.source.slots:
            raise Unfit(f"The house sees {found['slots']} slots where the text has {self.source.slots}.")
        for seat in SEATS:
            self._who(seat).sees(self.line, self.text)

    def _text(self, delegate: Delegate) -> dict[str, Any]:
        for each in delegate.get(f"/lines/{self.line}/texts"):
            if each["text"] == self.text:
                found: dict[str, Any] = each
                return found
        raise Unavailable(f"{delegate.seat.name} does not have the text yet.")

    def propose(self) -> None:
        """Every party edits, one takes a position, one withdraws a proposal."""
        passages = list(_passages(self._who(CHAIR).get(f"/lines/{self.line}/texts/{self.text}")["tree"]))
        edits = {}
        for seat, passage, word in zip(
            SEATS, _spread(passages, len(SEATS)), ("promptly ", "mutually ", "duly "), strict=True
        ):
            edits[seat.key] = self._edit(self._who(seat), f"edit-{seat.key}", passage, word)
            self.say(f"{seat.name} proposes “{word.strip()}” in {passage['label'] or 'the opening'}")
        self._position(edits[SECOND.key])
        regretted = self._edit(self._who(SECOND), "edit-regretted", passages[-1], "immediately ")
        body = {"kind": "table.withdraw", "text": _b64(self.text), "operation": _b64(regretted)}
        self._admitted(self._who(SECOND), "withdraw", body)
        self.say(f"{SECOND.name} proposes “immediately”, and withdraws it")

    def _edit(self, delegate: Delegate, wish: str, passage: Mapping[str, Any], word: str) -> str:
        hunk = {"container": passage["container"], "lo": passage["at"], "hi": passage["at"], "words": word}
        body = {"kind": "table.edit", "text": _b64(self.text), "clause": _b64(passage["clause"]), "hunks": [hunk]}
        return self._admitted(delegate, wish, body)

    def _position(self, operation: str) -> None:
        body = {
            "kind": "table.position",
            "text": _b64(self.text),
            "target": _b64(operation),
            "stance": "can-go-with-consensus",
            "ad_referendum": True,
            "note": "Subject to confirmation by our capital.",
        }
        self._who(THIRD).sees(self.line, operation)
        self._admitted(self._who(THIRD), "position", body)
        self.say(f"{THIRD.name} can go with consensus on the proposal of {SECOND.name}, ad referendum")

    def _admitted(self, delegate: Delegate, wish: str, body: Mapping[str, Any]) -> str:
        act = delegate.act(self.line, wish, body)
        _expect_admitted(delegate.until(self.line, act))
        return act

    # --- settlement --------------------------------------------------------------------------------

    def settle(self) -> None:
        """The chair settles every slot, innermost first, each by an act of its own that names the variant taken."""
        self._settle_too_late()
        chair = self._who(CHAIR)
        shown = 0
        around = dict(_around(chair.get(f"/lines/{self.line}/texts/{self.text}")["tree"], ()))
        while True:
            slots = chair.get(f"/lines/{self.line}/texts/{self.text}/slots")
            if not slots:
                break
            chosen = list(_apart(slots, around))
            acts = [self._settle_one(chair, slot) for slot in chosen]
            for act, slot in zip(acts, chosen, strict=True):
                _expect_admitted(chair.until(self.line, act))
                self.outcome.slots_settled += slot["imported"]
                self.outcome.edits_settled += not slot["imported"]
            shown = self._tell(shown, last=len(chosen) == len(slots))
        self._correct(chair)
        found = self._text(chair)
        if not found["clean"]:
            raise Unfit("The text is not clean though every place is settled.")

    def _tell(self, shown: int, *, last: bool) -> int:
        """Say how far the settlement is, about ten times in all; the number that was said."""
        settled, slots = self.outcome.slots_settled, self.outcome.slots
        if settled == shown or not (last or settled - shown >= slots / _TOLD):
            return shown
        self.say(f"settled {settled:,} of {slots:,}, and {self.outcome.edits_settled} of the parties' own proposals")
        return settled

    def _settle_one(self, chair: Delegate, slot: Mapping[str, Any]) -> str:
        body = {**slot["settle"], "chosen": [_b64(_taken(slot))]}
        return chair.act(self.line, f"settle-{slot['slot']}-{slot['precondition'][:16]}", body)

    def _settle_too_late(self) -> None:
        """A settlement on a content that is no longer the content is refused, and nothing changes."""
        chair, third = self._who(CHAIR), self._who(THIRD)
        tree = chair.get(f"/lines/{self.line}/texts/{self.text}")["tree"]
        passages = {each["clause"]: each for each in _passages(tree, few=1)}
        for slot in chair.get(f"/lines/{self.line}/texts/{self.text}/slots"):
            if slot["scope"] in passages and slot["imported"]:
                break
        else:
            raise Unfit("No clause has both a slot and words of its own: the stale settlement cannot be shown.")
        act = self._edit(third, "edit-late", passages[slot["scope"]], "accordingly ")
        chair.sees(self.line, act)
        try:
            self._settle_one(chair, slot)
        except Stale as refusal:
            self.outcome.refused.append(refusal.sentence)
            self.say(f"a settlement on what the text was before is refused: {refusal.sentence}")
        else:
            raise Unfit("A stale settlement was taken.")

    def _correct(self, chair: Delegate) -> None:
        """Brackets that open or close nothing are removed by the chair: an editorial act for each clause."""
        clauses = 0
        while True:
            found = chair.get(f"/lines/{self.line}/texts/{self.text}")
            strays = found["literal_brackets"]
            if not strays:
                break
            digests = dict(_digests(found["tree"]))
            scope = strays[0]["scope"]
            marks = [
                {"container": each["container"], "offset": each["offset"]} for each in strays if each["scope"] == scope
            ]
            body = {
                "kind": "table.correct",
                "text": _b64(self.text),
                "scope": _b64(scope),
                "marks": marks,
                "precondition": _b64(digests[scope]),
            }
            self._admitted(chair, f"correct-{scope}-{digests[scope][:16]}", body)
            self.outcome.brackets_removed += len(marks)
            clauses += 1
        if clauses:
            removed = _count(self.outcome.brackets_removed, "bracket")
            self.say(f"removed {removed} that opened or closed nothing, in {_count(clauses, 'clause')}")

    # --- conclusion --------------------------------------------------------------------------------

    def accept(self) -> None:
        """Every party accepts exactly this content, by its hash."""
        for delegate in self._everybody():
            found = self._text(delegate)
            body = {
                "kind": "table.accept",
                "text": _b64(self.text),
                "scope": "",
                "content_hash": _b64(found["content_hash"]),
                "ad_referendum": False,
            }
            act = delegate.act(self.line, f"accept-{delegate.seat.key}", body)
            _expect_admitted(delegate.until(self.line, act, "confirmed"))
            self.say(f"{delegate.seat.name} accepts content {found['content_hash'][:16]}…")

    def adopt(self) -> None:
        """Every party that must accept adopts the final content; the last adoption makes the instrument."""
        content = self._text(self._who(CHAIR))["content_hash"]
        self.outcome.content_hash = content
        for delegate in self._everybody():
            body = {"kind": "signature.adopt", "text": _b64(self.text), "content_hash": _b64(content)}
            act = self._conclude(delegate, f"adopt-{delegate.seat.key}", body)
            _expect_admitted(delegate.until(self.line, act, "confirmed"))
            self.say(f"{delegate.seat.name} adopts the text")

    def _conclude(self, delegate: Delegate, wish: str, body: Mapping[str, Any]) -> str:
        """An act that may be held back until what it builds on is confirmed at this house too."""

        def attempt() -> str:
            try:
                return delegate.act(self.line, wish, body)
            except Refused as error:
                if error.sentence.startswith("Held back"):
                    return ""
                raise

        act: str = delegate.wait(f"{delegate.seat.name}: a decision is not confirmed", attempt)
        return act

    def _instrument(self, delegate: Delegate) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = delegate.get(f"/lines/{self.line}/instruments")["concluded"]
            return found[0] if found else None

        instrument: dict[str, Any] = delegate.wait("the text is not adopted", look)
        return instrument

    def seal(self) -> None:
        """Each party's seal: Ed25519 and ML-DSA-65 over the same bytes."""
        for delegate in self._everybody():
            digest = self._instrument(delegate)["digest"]

            def attempt(delegate: Delegate = delegate, digest: str = digest) -> str:
                path = f"/lines/{self.line}/instruments/{digest}/seal"
                try:
                    act: str = delegate.post(path, wish=f"seal-{delegate.seat.key}")["act"]
                except Refused as error:
                    if error.sentence.startswith("Held back"):
                        return ""
                    raise
                return act

            act = delegate.wait(f"{delegate.seat.name}: the adoption is not confirmed", attempt)
            _expect_admitted(delegate.until(self.line, act, "confirmed"))
            self.say(f"{delegate.seat.name} seals the instrument")
        self.outcome.missing.append("personal approvals by passkey: the records of these parties ask for none")

    def publish(self) -> None:
        """All consent to publication, an act of its own; the register answers with a proof."""
        for delegate in self._everybody():
            digest = self._instrument(delegate)["digest"]
            body = {"kind": "signature.consent", "instrument": _b64(digest)}
            act = self._conclude(delegate, f"consent-{delegate.seat.key}", body)
            _expect_admitted(delegate.until(self.line, act, "confirmed"))
        self.say("all parties consent to publication")
        self._together()
        chair = self._who(CHAIR)
        digest = self._instrument(chair)["digest"]
        act = chair.post(f"/lines/{self.line}/instruments/{digest}/publish", wish="publish")["act"]
        _expect_admitted(chair.until(self.line, act, "confirmed"))
        folder = self.world.data / "concluded"
        folder.mkdir(exist_ok=True)
        instrument = folder / "instrument.json"
        proof = folder / "instrument.json.tlog-proof"
        instrument.write_bytes(chair.raw(f"/lines/{self.line}/instruments/{digest}/file"))
        proof.write_bytes(chair.raw(f"/lines/{self.line}/instruments/{digest}/proof"))
        self.outcome.instrument, self.outcome.proof = str(instrument), str(proof)
        self.outcome.parties = str(self.world.anchors)
        self.say("the register holds it; instrument and proof lie side by side")

    def verify(self) -> None:
        """Offline, by two verifiers that share no code; and the three houses say the same."""
        arguments = ["--parties", self.outcome.parties, self.outcome.instrument]
        self.outcome.verify = shlex.join([".venv/bin/detente", "verify", *arguments])
        first = run(["verify", *arguments], self.world.data)
        for sentence in first.stdout.strip().splitlines():
            self.say(sentence)
        if first.returncode:
            raise Unfit(f"The instrument does not verify (exit {first.returncode}): {first.stderr.strip()}")
        second = run_second_verifier(arguments)
        if second.returncode:
            raise Unfit(f"The second verifier does not agree (exit {second.returncode}): {second.stdout.strip()}")
        self.say("the second verifier, which shares no code with the first, says the same")
        self._compare_houses()
        self._export()

    def _export(self) -> None:
        """Every act of the line as the chair's house holds it, for whoever wants to compute the text anew."""
        acts: list[dict[str, Any]] = []
        while page := self._who(CHAIR).get(f"/lines/{self.line}/acts", **{"from": _after(acts), "limit": _PAGE}):
            acts += page
        path = self.world.data / "concluded" / "acts.json"
        content = {"line": self.line, "text": self.text, "parties": self.parties, "acts": acts}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")
        self.outcome.acts_file = str(path)
        if len(acts) != self.outcome.acts:
            raise Unfit(f"The chair's house shows {len(acts)} acts and counts {self.outcome.acts}.")

    def _compare_houses(self) -> None:
        heads = {}
        for delegate in self._everybody():
            found = delegate.get(f"/lines/{self.line}")
            alarms = delegate.get(f"/lines/{self.line}/alarms")
            if alarms:
                raise Unfit(f"{delegate.seat.name} has an alarm: {alarms[0]['sentence']}")
            text = self._text(delegate)
            heads[delegate.seat.key] = (text["content_hash"], self._instrument(delegate)["digest"])
            self.outcome.acts = max(self.outcome.acts, found["acts"])
            self.outcome.checkpoints = max(self.outcome.checkpoints, found["checkpoints"])
        if len(set(heads.values())) != 1:
            raise Unfit(f"The houses do not hold the same: {heads}")
        clean = self._who(CHAIR).get(f"/lines/{self.line}/texts/{self.text}/clean")["text"]
        self.outcome.text_sha256 = hashlib.sha256(clean.encode()).hexdigest()


def _passages(
    tree: list[dict[str, Any]], clause: str = "", label: str = "", few: int = FEW_WORDS
) -> Iterator[dict[str, Any]]:
    """Words of paragraphs and points that stand outside every bracket, with a place where an adverb may stand."""
    for item in tree:
        if item["is"] == "clause":
            inside = item["id"] if item["kind"] in PROVISIONS else ""
            yield from _passages(item["parts"], inside, item["label"].strip() or label, few)
        elif item["is"] == "words" and clause:
            words = item["text"]
            modal = words.find(" shall ")
            space = modal + len(" shall") if modal >= 0 else words.find(" ", 1)
            if len(words.split()) > few and space > 0:
                at = item["lo"] + space + 1
                yield {"clause": clause, "label": label, "container": item["container"], "at": at, "modal": modal >= 0}


def _spread(passages: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """So many passages, spread over the text; in a short one several parties propose at the same place."""
    provisions = [each for each in passages if each["modal"]]
    passages = provisions if len(provisions) >= MANY_PROVISIONS else passages
    if not passages:
        raise Unfit(
            "The text has no provision with words outside of brackets: nobody has a place to propose something."
        )
    return [passages[len(passages) * index // count] for index in range(count)]


def _around(tree: list[dict[str, Any]], above: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every clause with the clauses that it lies in."""
    for item in tree:
        if item["is"] == "clause":
            yield item["id"], above
            yield from _around(item["parts"], (*above, item["id"]))
        elif item["is"] == "slot":
            for variant in item["variants"]:
                yield from _around(variant["parts"], above)


def _digests(tree: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Every clause with the hash of its content."""
    for item in tree:
        if item["is"] == "clause":
            yield item["id"], item["digest"]
            yield from _digests(item["parts"])


def _apart(slots: list[dict[str, Any]], around: Mapping[str, tuple[str, ...]]) -> Iterator[dict[str, Any]]:
    """Slots that can be settled at once: none lies in a clause that another one's settlement changes."""
    taken: set[str] = set()
    above: set[str] = set()
    for slot in slots:
        outside = {slot["scope"], *around.get(slot["scope"], ())}
        if slot["scope"] in above or outside & taken:
            continue
        taken.add(slot["scope"])
        above |= outside
        yield slot


def _taken(slot: Mapping[str, Any]) -> str:
    """The variant that this script takes: the first with words, and for every fourth imported slot the last."""
    variants = slot["variants"]
    if slot["imported"] and int(slot["slot"][:2], 16) % 4 == 0:
        last: str = variants[-1]["id"]
        return last
    first: str = next((each["id"] for each in variants if each["text"].strip()), variants[0]["id"])
    return first


def _note(form: str, *, to: list[str], character: str, subject: str, text: str, answers: str = "") -> dict[str, Any]:
    return {
        "kind": "correspondence.note",
        "form": form,
        "number": None,
        "precedence": "ROUTINE",
        "character": character,
        "label": "UNCLASSIFIED",
        "to": sorted(to),
        "info": [],
        "subject": subject,
        "text": text,
        "answers": _b64(answers) if answers else None,
        "refers": None,
        "exercise": False,
    }


def _b64(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()


def _after(acts: list[dict[str, Any]]) -> int:
    """The position after the last act of a page."""
    return int(acts[-1]["position"]) + 1 if acts else 0


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def _expect_admitted(item: Mapping[str, Any]) -> None:
    if item["outcome"] not in ("admitted", "not understood"):
        raise Unfit(f"An act of the script was refused: {item['sentence']}")
