"""The four templates judged a second time, by rules written from their prose and from docs/specs/charter.md alone.

Nothing of the engine, of its table of kinds or of the templates' data is used here.
"""

HEARD = {"correspondence.delivered", "correspondence.acknowledge", "correspondence.take-note"}
OBJECTING = {"silence.received", "silence.object", "silence.lift"}
REPORTING = {"charter.rejoin", "charter.incident"}
MAKING_A_DECISION = {
    "silence.open", "silence.extend", "silence.conclude", "silence.record",
    "ballot.plan", "ballot.open", "ballot.close", "ballot.again",
    "signature.adopt", "signature.sign", "signature.consent",
}  # fmt: skip
TAKING_BACK = {"table.withdraw", "table.leave", "table.position", "table.note", "table.reopen"}
PAPERS = {"correspondence.return", "correspondence.supersede", "correspondence.void"}
SEATED = {"chair", "member"}
LEVELS = ["PUBLIC", "UNCLASSIFIED", "SENSITIVE", "RESTRICTED", "CONFIDENTIAL", "SECRET"]
BELL = {
    "bilateral-hotline": {"duty-officer", "head-of-mission"},
    "allied-group": None,
    "multilateral-conference": None,
    "ceasefire": {"liaison", "mission"},
}


def above(label, ceiling):
    return LEVELS.index(label or "SENSITIVE") > LEVELS.index(ceiling)


def protected(act):
    kind = act["kind"]
    return kind in HEARD | OBJECTING | REPORTING or kind.startswith("guidelines.")


def passes_on_its_rung(act):
    kind, rung = act["kind"], act["rung"]
    if rung in ("open", "degraded", "restored"):
        return True
    if protected(act) or kind in ("charter.admit", "charter.remove"):
        return True
    if rung in ("suspended", "ruptured"):
        return False
    return not (kind in MAKING_A_DECISION or (kind.startswith("table.") and kind not in TAKING_BACK))


def allowed(template, act):
    """Whether the act is allowed under that template, as a lawyer reads it."""
    if act["rung"] == "closed" or act["office"].lower().startswith("assistant"):
        return False
    if act["label"] and above(act["label"], "SENSITIVE"):
        return False
    if act["kind"] == "correspondence.note" and act["precedence"] == "FLASH":
        bell = BELL[template]
        if bell is None or act["office"] in bell:
            return True
    if not passes_on_its_rung(act):
        return False
    if protected(act):
        return True
    return not act["barred"] and READINGS[template](act)


def hotline(act):
    kind, seated = act["kind"], act["role"] in SEATED
    if kind == "charter.remove":
        return act["role"] == "chair" and act["notice_over"]
    if not seated:
        return False
    if kind in PAPERS:
        return True
    if kind != "correspondence.note":
        return False
    urgent = act["precedence"] in ("FLASH", "IMMEDIATE")
    if urgent and act["form"] == "non-paper":
        return False
    if act["exercise"] and act["phase"] in ("crisis", "conflict"):
        return False
    return not urgent or act["office"] in ("duty-officer", "head-of-mission")


def in_languages(act, spoken):
    return all(language in spoken for language in act["languages"])


def allies(act):
    kind, seated = act["kind"], act["role"] in SEATED
    if not in_languages(act, {"en", "fr"}):
        return False
    if act["basis"] == "vote" or kind == "ballot.open":
        return False
    if kind == "charter.admit":
        return act["role"] == "chair" and (act["admits"] != "observer" or act["announced"])
    if kind == "charter.remove":
        return act["role"] == "chair" and act["notice_over"]
    if kind.startswith("correspondence."):
        if seated or kind in PAPERS:
            return True
        return (
            act["phase"] != "conflict"
            and act["form"] in ("aide-mémoire", "non-paper")
            and act["precedence"] in ("PRIORITY", "ROUTINE")
            and not above(act["label"], "UNCLASSIFIED")
        )
    return seated and kind.split(".")[0] in ("table", "signature", "silence")


def conference(act):
    kind, seated = act["kind"], act["role"] in SEATED
    if not in_languages(act, {"ar", "en", "es", "fr", "ru", "zh"}):
        return False
    if kind == "ballot.open" and act["voting"] not in ("consensus", "treaty-conference"):
        return False
    if kind == "charter.admit":
        return act["role"] == "chair" and (act["admits"] != "observer" or act["announced"])
    if kind == "charter.remove":
        return act["role"] == "chair" and act["notice_over"]
    if kind.startswith("correspondence."):
        if seated or kind in PAPERS:
            return True
        return not above(act["label"], "UNCLASSIFIED") and act["precedence"] != "IMMEDIATE"
    if kind in ("signature.adopt", "signature.sign") and act["phase"] == "conflict":
        return False
    return seated


def ceasefire(act):
    kind, seated = act["kind"], act["role"] in SEATED
    if act["basis"] not in ("", "accept", "consensus") or kind in ("silence.open", "ballot.open"):
        return False
    if kind == "charter.admit":
        return act["role"] == "chair" and (act["admits"] != "observer" or act["announced"])
    if kind in PAPERS:
        return True
    if kind == "correspondence.note":
        if act["exercise"] or (act["form"] == "non-paper" and act["topic"] == "incident"):
            return False
        if seated:
            return act["office"] == "liaison" or act["topic"] in ("access", "incident", "release", "withdrawal")
        return act["office"] == "mission" and act["form"] != "non-paper" and act["topic"] in ("access", "incident")
    if kind in ("signature.adopt", "signature.sign", "table.settle") and act["phase"] == "conflict":
        return False
    if kind == "table.settle" and act["rung"] == "degraded":
        return False
    return seated and kind.split(".")[0] in ("table", "signature")


READINGS = {
    "bilateral-hotline": hotline,
    "allied-group": allies,
    "multilateral-conference": conference,
    "ceasefire": ceasefire,
}
