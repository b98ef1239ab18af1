"""Signing in: a challenge, an answer of a passkey, a session; and how a passkey comes to be known here.

Both entrances do this, and nothing here is theirs: a page's script and a program of a delegation send the same
values.  Passkeys are made for the site `localhost`, because a house answers on this machine alone as yet, and an
address in numbers is no site to a browser.  The person is verified each time.
"""

from __future__ import annotations

from detente.api.calls import Answer, Call
from detente.api.entrance import Entrance
from detente.api.requests import PasskeyAnswered, PasskeyMade, PasskeyNamed
from detente.api.sessions import Session
from detente.crypto import passkeys
from detente.crypto.passkeys import for_urls
from detente.transport import clock


async def ask(call: Call) -> Answer:
    """A challenge for one passkey, good for two minutes; in base64 for URLs, as a browser takes it."""
    challenge = call.entrance.sessions.challenge(clock.running())
    return Answer({"challenge": for_urls(challenge), "rp": call.entrance.rp, "origin": call.entrance.origin})


async def enrol(call: Call) -> Answer:
    """A new passkey for the office of a one-time link, which is used up where the passkey is good."""
    asked, entrance = call.read(PasskeyMade), call.entrance
    entrance.sessions.answered(asked.challenge, clock.running())
    credential, key = passkeys.read_registration(
        entrance.rp, entrance.origin, asked.challenge, asked.authenticator_data, asked.client_data
    )
    office = entrance.sessions.use(asked.link)
    await call.do(lambda house: house.passkeys.enrol(house.record, office, credential, key))
    return Answer({"office": office, "credential": for_urls(credential)})


async def open_session(call: Call) -> Answer:
    """A session for the office of the passkey that answered."""
    token, session = await sign_in(call.entrance, call.read(PasskeyAnswered))
    return Answer({"token": token, "office": session.office})


async def sign_in(entrance: Entrance, asked: PasskeyAnswered) -> tuple[str, Session]:
    """(token, session); raises `Refused` or `NotAuthentic` where the answer opens nothing."""
    entrance.sessions.answered(asked.challenge, clock.running())
    office = await entrance.desk.do(
        lambda house: house.passkeys.answered(
            entrance.rp, entrance.origin, asked.challenge, asked.credential, asked.answer
        )
    )
    return entrance.sessions.open(office, asked.credential, clock.running())


async def list_passkeys(call: Call) -> Answer:
    """The passkeys with which offices sign in here."""
    held = await call.do(lambda house: house.passkeys.held())
    return Answer([{"credential": for_urls(each.credential), "office": each.office} for each in held])


async def withdraw(call: Call) -> Answer:
    """Take a passkey away, and end every session that it began."""
    credential = call.read(PasskeyNamed).credential
    await call.do(lambda house: house.passkeys.withdraw(credential))
    call.entrance.sessions.close_all(credential)
    return Answer({})
