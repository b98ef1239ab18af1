"""The main job, played to its end: three parties bring a bracketed text to signature.

Every step is done by an office at the API of its own chancery, and every act goes through the whole
journey.  What is chosen in a slot is chosen by a fixed rule, so that the same text always ends in the
same words, whatever is killed on the way.  Steps have names under which the houses know them, so that
playing on after an interruption does nothing twice.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detente.cli.demo import setting
from detente.cli.demo.delegate import Delegate
from detente.cli.demo.world import SEATS, Seat, World, run
from detente.ground.errors import Refused, Stale, Unavailable, Unfit

CHAIR, SECOND, THIRD = SEATS
HEAD, REGISTRY = "head-of-mission", "registry"
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

    def __init__(self, world: World, source: Path, say: Say) -> None:
        self.world, self.source, self.say = world, source, say
        self.outcome = Outcome()
        self.delegates: dict[str, dict[str, Delegate]] = {}
        self.parties: dict[str, str] = {}
        self.line = ""
        self.text = ""

    def play(self, begin: Say) -> Outcome:
        """All of it; `begin` is told the name of every step."""
        begun = time.monotonic()
        for name, step in self._steps():
            begin(name)
            with self._timed(name):
                step()
        self.outcome.seconds = round(time.monotonic() - begun, 3)
        self.outcome.ok = True
        return self.outcome

    def prepare(self, begin: Say) -> None:
        """As far as people are needed: the text is on the table, and everybody has proposed something."""
        for name, step in self._steps():
            if name == "settlement":
                return
            begin(name)
            step()

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

    def _everybody(self) -> list[Delegate]:
        return [self._who(seat) for seat in SEATS]

    # --- the setting -------------------------------------------------------------------------------

    def start(self) -> None:
        """One relay, one register and three chanceries, each a process."""
        setting.write_empty_anchors(self.world)
        setting.make_houses(self.world)
        for name in ("relay", "register", *(seat.key for seat in SEATS)):
            self.world.start(name)
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
        note = chair.act(
            self.line,
            "note-1",
            _note(
                "note verbale",
                to=others,
                number={"office": REGISTRY, "sequence": 1, "year": 2027},
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
        self.say(f"note verbale {REGISTRY}/1/2027 is dispatched and confirmed")
        chair.wait("the note was not delivered", lambda: self._delivered(chair, note))
        self.say("delivered: the chanceries of both addressees have it (a machine says so)")
        for seat in (SECOND, THIRD):
            delegate = self._who(seat, REGISTRY)
            act = delegate.act(
                self.line, f"acknowledge-{seat.key}", {"kind": "correspondence.acknowledge", "note": _b64(note)}
            )
            delegate.until(self.line, act)
            self.say(f"acknowledged: the registry of {seat.name} has seen it (an office says so)")
        self._answer(note)
        self._non_paper()

    def _delivered(self, chair: Delegate, note: str) -> bool:
        for each in chair.get(f"/lines/{self.line}/notes"):
            if each["note"] == note:
                return all(addressee["delivered"] for addressee in each["addressees"])
        return False

    def _answer(self, note: str) -> None:
        delegate = self._who(SECOND, REGISTRY)
        answer = _note(
            "note verbale",
            to=[self.parties[CHAIR.key]],
            number={"office": REGISTRY, "sequence": 1, "year": 2027},
            character="FORMAL",
            subject="Opening of negotiations",
            text=(
                f"The Embassy of the {SECOND.name} presents its compliments to the Ministry of Foreign Affairs of the "
                f"{CHAIR.name} and has the honour to agree to the opening of the negotiation.\n\nThe Embassy avails "
                "itself of this opportunity to renew to the Ministry the assurances of its highest consideration."
            ),
            answers=note,
        )
        delegate.until(self.line, delegate.act(self.line, "answer-1", answer))
        self.say(f"answered: {SECOND.name} replies in the same form")

    def _non_paper(self) -> None:
        delegate = self._who(THIRD)
        paper = _note(
            "non-paper",
            to=[self.parties[CHAIR.key]],
            number=None,
            character="INFORMAL",
            subject="Thoughts on the order of work",
            text="It might be easier to begin with the articles on which nobody has a bracket.",
        )
        delegate.until(self.line, delegate.act(self.line, "non-paper-1", paper))
        self.say(f"a non-paper of {THIRD.name} went to the chair: it bears nobody's signature")

    # --- the text ----------------------------------------------------------------------------------

    def lay_on_the_table(self) -> None:
        """The bracketed text, as it is."""
        chair = self._who(CHAIR)
        body = {
            "kind": "table.import",
            "title": _title(self.source),
            "language": "en",
            "importer": chair.get("/house").get("importer", "") or _importer(),
            "source": self.source.read_bytes().decode("utf-8"),
        }
        self.text = chair.act(self.line, "import", body)
        chair.until(self.line, self.text, "confirmed")
        found = self._text(chair)
        self.outcome.slots = found["slots"]
        self.say(f"“{found['title']}” is on the table: {found['slots']} places where a decision is due")
        for seat in SEATS:
            self._who(seat).until(self.line, self.text)

    def _text(self, delegate: Delegate) -> dict[str, Any]:
        found: dict[str, Any] = delegate.get(f"/lines/{self.line}/texts/{self.text}/summary")
        return found

    def propose(self) -> None:
        """To be written against the table's views."""

    def settle(self) -> None:
        """To be written against the table's views."""

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
            digest = self._instrument(delegate)["instrument"]

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
        self.outcome.missing.append("personal approvals by passkey: they come with the web entrance")

    def publish(self) -> None:
        """All consent to publication, an act of its own; the register answers with a proof."""
        for delegate in self._everybody():
            digest = self._instrument(delegate)["instrument"]
            body = {"kind": "signature.consent", "instrument": _b64(digest)}
            act = self._conclude(delegate, f"consent-{delegate.seat.key}", body)
            _expect_admitted(delegate.until(self.line, act, "confirmed"))
        self.say("all parties consent to publication")
        chair = self._who(CHAIR)
        digest = self._instrument(chair)["instrument"]
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
        arguments = ["verify", "--parties", self.outcome.parties, self.outcome.instrument]
        checked = run(arguments)
        for sentence in checked.stdout.strip().splitlines():
            self.say(sentence)
        if checked.returncode:
            raise Unfit(f"The instrument does not verify (exit {checked.returncode}): {checked.stderr.strip()}")
        self.outcome.verify = " ".join([".venv/bin/detente", *arguments])
        self._compare_houses()

    def _compare_houses(self) -> None:
        heads = {}
        for delegate in self._everybody():
            found = delegate.get(f"/lines/{self.line}")
            alarms = delegate.get(f"/lines/{self.line}/alarms")
            if alarms:
                raise Unfit(f"{delegate.seat.name} has an alarm: {alarms[0]['sentence']}")
            text = self._text(delegate)
            heads[delegate.seat.key] = (text["content_hash"], self._instrument(delegate)["instrument"])
            self.outcome.acts = max(self.outcome.acts, found["acts"])
            self.outcome.checkpoints = max(self.outcome.checkpoints, found["checkpoints"])
        if len(set(heads.values())) != 1:
            raise Unfit(f"The houses do not hold the same: {heads}")
        clean = self._who(CHAIR).raw(f"/lines/{self.line}/texts/{self.text}/clean")
        self.outcome.text_sha256 = hashlib.sha256(clean).hexdigest()


def _note(
    form: str, *, to: list[str], number: Any, character: str, subject: str, text: str, answers: str = ""
) -> dict[str, Any]:
    return {
        "kind": "correspondence.note",
        "form": form,
        "number": number,
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


def _title(source: Path) -> str:
    return source.stem.replace("_", " ").replace("-", " ").strip().capitalize()


def _importer() -> str:
    from detente.procedures.table.parse import VERSION  # noqa: PLC0415 - the table is heavy, and only this step needs it

    return VERSION


def _expect_admitted(item: Mapping[str, Any]) -> None:
    if item["outcome"] not in ("admitted", "not understood"):
        raise Unfit(f"An act of the script was refused: {item['sentence']}")


__all__ = ["Outcome", "Script", "Stale", "Unavailable"]
