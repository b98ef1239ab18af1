"""Instruments: what was adopted, the party's seal, the file, and its way into the register."""

from __future__ import annotations

from typing import Any

from detente.acts.facts import Facts
from detente.api.calls import Answer, Call
from detente.api.entrance import part
from detente.api.problems import unknown
from detente.chancery.approvals import Given, Question
from detente.chancery.identity import check_power
from detente.crypto.passkeys import for_urls
from detente.evidence import publication
from detente.evidence.anchors import AnchoredRegister
from detente.ground.errors import Refused
from detente.procedures.charter.rules import State as Charter
from detente.procedures.signature import rules, views
from detente.procedures.signature.acts import Published
from detente.procedures.signature.rules import Instrument
from detente.transport import clock


async def list_all(call: Call) -> Answer:
    """Adoptions that wait for others, and every instrument with who sealed and who consented."""
    state = await call.entrance.state(call.line)
    known = part(state, "signature")
    if known is None:
        return Answer({"pending": [], "concluded": []})
    return Answer({"pending": views.pending(known, state.facts), "concluded": views.concluded(known, state.facts)})


async def describe(call: Call) -> Answer:
    """One instrument."""
    _, one, facts = await _find(call)
    return Answer(views.describe(one, facts))


async def seal(call: Call) -> Answer:
    """The house seals an instrument, and the approvals of its persons, with the party's seal."""
    await _find(call)
    line, office, digest, now = call.line, call.office, call.hash("digest"), clock.now()
    act = await call.do(lambda house: house.seal_instrument(line, office, digest, now, call.request))
    call.entrance.changed(line)
    return Answer({"act": act.hex()})


async def approval(call: Call) -> Answer:
    """What a person in the session's office is asked before the party seals, and who approved already.

    `challenge` and the credentials are in base64 for URLs, as a browser takes them.
    """
    line, office, digest = call.line, call.office, call.hash("digest")
    await _find(call)
    return Answer(_question(digest, await call.do(lambda house: house.approval_question(line, office, digest))))


async def approve(call: Call) -> Answer:
    """A person approves, by a passkey of the session's office over exactly this act; the answer is as of `approval`."""
    line, office, digest, given = call.line, call.office, call.hash("digest"), call.read(Given)
    await _find(call)
    question = await call.do(lambda house: house.approve(line, office, digest, given))
    call.entrance.changed(line)
    return Answer(_question(digest, question))


def _question(digest: bytes, question: Question) -> dict[str, Any]:
    return {
        "act": digest.hex(),
        "challenge": for_urls(question.challenge),
        "rp": question.rp,
        "credentials": [for_urls(each) for each in question.credentials],
        "needed": question.needed,
        "persons": question.persons,
        "given": [{"office": each.office, "credential": for_urls(each.credential)} for each in question.given],
    }


async def get_file(call: Call) -> Answer:
    """The instrument that every party sealed, as a file for `detente verify`."""
    state, one, _ = await _find(call)
    return Answer(file=rules.instrument_file(state, one.digest), name=f"instrument-{one.digest.hex()[:16]}.json")


async def get_proof(call: Call) -> Answer:
    """The register's proof, to be kept beside the file under its name with `.tlog-proof` added."""
    _, one, _ = await _find(call)
    if not one.proof:
        raise Refused("This instrument does not stand in the register yet.", rule="signature.proof")
    name = f"instrument-{one.digest.hex()[:16]}.json.tlog-proof"
    return Answer(file=one.proof.encode(), name=name, media="text/plain; charset=utf-8")


async def publish(call: Call) -> Answer:
    """Hand the file to the line's register, check the proof that comes back, and tell the line."""
    check_power(await call.entrance.record(), call.office, "conclude")
    state, one, facts = await _find(call)
    if one.published is not None:
        return Answer({"act": one.published.act.hex()})
    if set(one.consents) != {each.party for each in one.parties}:
        raise Refused("Not every party has consented to its publication.", rule="signature.sealed")
    file = rules.instrument_file(state, one.digest)
    proof = await call.entrance.places.publish(await _register_url(call), file)
    read = publication.read_proof(proof.encode())
    publication.verify_published(file, read)
    publication.verify_register(read, AnchoredRegister(facts.register_origin, facts.register_vkey))
    line, office, now = call.line, call.office, clock.now()
    body = Published(one.digest, proof)
    act = await call.do(lambda house: house.submit(line, office, body, now, call.request))
    call.entrance.changed(line)
    return Answer({"act": act.hex()})


async def _find(call: Call) -> tuple[Any, Instrument, Facts]:
    state = await call.entrance.state(call.line)
    known = part(state, "signature")
    one = known.instruments.get(call.hash("digest")) if known else None
    if one is None:
        raise unknown()
    return known, one, state.facts


async def _register_url(call: Call) -> str:
    charter = part(await call.entrance.state(call.line), "charter")
    if not isinstance(charter, Charter) or charter.register is None:
        raise Refused("The charter of this line names no register.", rule="charter.places")
    return charter.register.url
