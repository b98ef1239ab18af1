"""Acts of every kind, drawn on a text as it stands: mostly such as a delegation would do, some that nobody should.

`Chance` draws; it is a thin cloth over hypothesis' `draw`, so that a story can be told in a plain function.
"""

from lineup import ARVENIA, BELMORA, CORVALIS, FACTS

from detente.procedures.table import acts, agreeing, languages, packages, tree, views
from detente.procedures.table.acts import Basis, Hunk, Level, Nature, Stance
from detente.procedures.table.model import Fate
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.saying import IN_FAVOUR
from detente.procedures.table.tree import ClauseKind, Run, Slot, container_of

PARTIES = (ARVENIA, BELMORA, CORVALIS)
WORDS = ("", "a", "bc ", "new words", "1. New clause.")
JUNK = (b"", b"?" * 16, b"?" * 20, b"?" * 32, b"\0" * 4)
GROUP = acts.Group("SOUTH", BELMORA, (BELMORA, CORVALIS))
OF_THE_PARTIES = (
    "edit", "edit", "edit", "nested", "again", "alternative", "add", "move", "withdraw", "join", "leave", "position",
    "note", "package", "translate",
)  # fmt: skip
OF_THE_CHAIR = (
    "settle", "settle", "settle", "take", "chair text", "confirm", "publish", "grant", "modalities", "codes", "correct", "refer",
    "report",
)  # fmt: skip
DECIDING = (*OF_THE_CHAIR, "accept", "accept", "reopen")


class Chance:
    """Draws from what there is; of nothing comes something that nobody knows."""

    def __init__(self, draw, st):
        self._draw, self._st = draw, st

    def of(self, some):
        pool = sorted(some) if not isinstance(some, (tuple, list)) else list(some)
        return self._draw(self._st.sampled_from(pool)) if pool else b"?" * 32

    def number(self, lowest, highest):
        return self._draw(self._st.integers(lowest, highest))

    def yes(self):
        return self._draw(self._st.booleans())

    def some(self, pool, most=3):
        return tuple(self._draw(self._st.lists(self._st.sampled_from(sorted(pool)), max_size=most))) if pool else ()


def clause_of(text, chance):
    return chance.of([each for name in text.order for each in text.clauses[name].names])


def known(text, fates=(Fate.LIVE,)):
    return [name for name, each in text.operations.items() if each.fate in fates]


def draw_body(chance, state, text, kind):
    """A body of one kind."""
    return _MAKERS[kind](chance, text) if kind != "report" else _report(chance, state, text)


def _edit(chance, text):
    top = chance.of(text.order)
    ground = text.clauses[top].ground
    homes = [name for name, node in ground.nodes.items() if not isinstance(node, Slot)]
    home = chance.of(homes)
    runs = [item for item in ground.nodes[home].passage.items if isinstance(item, Run) and item.text]
    if not runs:
        return acts.Edit(text.id, home, (Hunk(b"", 0, 1, "x"),))
    hunks = []
    for run in runs[: chance.number(1, 2)]:
        edges = sorted((chance.number(run.lo, run.hi), chance.number(run.lo, run.hi)))
        hunks.append(Hunk(run.container, edges[0], edges[1], chance.of(WORDS)))
    return acts.Edit(text.id, ground.clause_of(home), tuple(hunks))


def _nested(chance, text):
    made = [each for each in text.operations.values() if each.kind.value in ("edit", "alternative", "addition")]
    if not made:
        return _edit(chance, text)
    one = sorted(made, key=lambda each: each.id)[chance.number(0, len(made) - 1)]
    length = text.proposals[one.proposal].lengths[0] if one.proposal in text.proposals else 1
    edges = sorted((chance.number(0, length), chance.number(0, length)))
    container = container_of(one.proposal, 0)
    scope = agreeing.top_of(text, one.home)
    clause = scope.ground.clause_of(one.home) if scope and one.home in scope.ground.nodes else one.home
    return acts.Edit(text.id, clause, (Hunk(container, edges[0], edges[1], chance.of(WORDS)),))


def _again(chance, text):
    live = [each for each in text.operations.values() if each.kind.value == "alternative"]
    if not live:
        return _alternative(chance, text)
    one = min(live, key=lambda each: each.id)
    return acts.Alternative(text.id, one.home, chance.of(WORDS))


def _alternative(chance, text):
    return acts.Alternative(text.id, clause_of(text, chance), chance.of(WORDS))


def _place(chance, text):
    parent = chance.of([WHOLE, *text.seen.order])
    return parent, chance.of([WHOLE, *text.seen.children(parent)])


def _add(chance, text):
    parent, after = _place(chance, text)
    form = chance.of([ClauseKind.HEADING, ClauseKind.PARAGRAPH, ClauseKind.POINT])
    return acts.AddClause(text.id, form, parent, after, chance.of(("New.", "2 bis. More.", "(a) Point.")))


def _move(chance, text):
    parent, after = _place(chance, text)
    return acts.MoveClause(text.id, chance.of(text.order), parent, after)


def _withdraw(chance, text):
    return acts.Withdraw(text.id, chance.of([*text.operations, *text.notes, *text.packages]))


def _join(chance, text):
    return acts.Join(text.id, chance.of(text.operations))


def _leave(chance, text):
    return acts.Leave(text.id, chance.of(text.operations))


def _position(chance, text):
    target = chance.of([*text.operations, *text.packages, *text.order])
    stance = chance.of(list(Stance))
    given = chance.of([b"", b"", *text.packages, *known(text)]) if stance in IN_FAVOUR else b""
    pending = chance.some(text.order, most=1)
    group = chance.of(["", "", "SOUTH"])
    return acts.Position(text.id, target, stance, chance.yes(), "", pending, given, group)


def _note(chance, text):
    audience = tuple(dict.fromkeys(chance.some(PARTIES, most=2)))
    return acts.Note(text.id, chance.of([WHOLE, *text.order]), "A remark.", chance.of(list(Nature)), audience)


def _package(chance, text):
    members = sorted(set(chance.some(known(text, (Fate.LIVE, Fate.WITHDRAWN)))))
    cut = chance.number(0, 1)
    return acts.Package(text.id, "A deal", tuple(members[cut:]), tuple(members[:cut]), ())


def _translate(chance, text):
    clause = chance.of(text.order)
    level = chance.of([Level.MACHINE, Level.DRAFT])
    part = acts.Rendered(clause, languages.source_of(text, clause), chance.of(WORDS))
    return acts.Translate(text.id, chance.of(["fr", "de"]), level, (part,))


def _settle(chance, text):
    slots = views.open_slots(text)
    if not slots:
        return acts.Settle(text.id, b"?" * 16, b"?" * 16, (), bytes(32), Basis.CONSENSUS)
    slot = slots[chance.number(0, min(3, len(slots) - 1))]
    chosen = (chance.of([each.id for each in slot.choices]),)
    also = ()
    if len(slots) > 1 and chance.yes():
        more = slots[-1]
        also = (acts.Choice(more.scope, more.id, (more.choices[0].id,), more.precondition),)
    basis = chance.of([Basis.CONSENSUS, Basis.CONSENSUS, *Basis])
    return acts.Settle(text.id, slot.scope, slot.id, chosen, slot.precondition, basis, also)


def _take(chance, text):
    live = [name for name, each in text.packages.items() if each.fate is Fate.LIVE]
    names = tuple(sorted({chance.of(live), *chance.some(live, most=1)}))
    basis = chance.of([Basis.CONSENSUS, Basis.CONSENSUS, *Basis])
    return acts.TakePackages(text.id, names, packages.package_hash(text, names), basis)


def _chair_text(chance, text):
    clause = clause_of(text, chance)
    precondition = agreeing.scope_hash(text, clause) or bytes(32)
    if chance.yes():
        return acts.ChairText(text.id, clause, (), chance.of(WORDS), precondition)
    edit = _edit(chance, text)
    return acts.ChairText(text.id, edit.clause, edit.hunks, None, agreeing.scope_hash(text, edit.clause) or bytes(32))


def _confirm(chance, text):
    found = [slot.id for slot in tree.slots(text.document.passage) if slot.inferred]
    cut = chance.number(0, len(found))
    return acts.Confirm(text.id, tuple(found[:cut]), tuple(found[cut:]))


def _publish(chance, text):
    name = f"Rev. {len(text.revisions)}"
    return acts.Publish(text.id, name, agreeing.content(text, WHOLE), chance.yes())


def _grant(chance, text):
    return acts.Grant(text.id, tuple(sorted(set(chance.some(text.late)))))


def _modalities(chance, text):
    return acts.Modalities(text.id, (GROUP,) * chance.number(0, 1), ("fr",) * chance.number(0, 1), chance.yes())


def _codes(chance, text):
    return acts.Codes(text.id, (acts.Code("BEL", chance.of([ARVENIA, BELMORA])),) * chance.number(0, 1))


def _correct(chance, text):
    found = views.literal_brackets(text)
    scope = found[0].scope if found else clause_of(text, chance)
    marks = tuple(acts.Mark(each.container, each.offset) for each in found[:1])
    return acts.Correct(text.id, scope, marks, agreeing.scope_hash(text, scope) or bytes(32))


def _refer(chance, text):
    return acts.Refer(text.id, "A committee", (chance.of(text.outline.order),), (), "")


def _report(chance, state, text):
    child = chance.of([*text.children])
    known_ = state.texts.get(child)
    return acts.Report(text.id, child, agreeing.content(known_, WHOLE) if known_ else bytes(32))


def _accept(chance, text):
    scope = chance.of([WHOLE, WHOLE, *text.order, *text.packages])
    if scope in text.packages:
        return acts.Accept(text.id, scope, packages.packages(text, FACTS)[0].joint, chance.yes())
    return acts.Accept(text.id, scope, agreeing.content(text, scope) or bytes(32), chance.yes())


def _reopen(chance, text):
    return acts.Reopen(text.id, chance.of([WHOLE, *text.order]), "A reason.")


_MAKERS = {
    "edit": _edit, "nested": _nested, "again": _again, "alternative": _alternative, "add": _add, "move": _move,
    "withdraw": _withdraw, "join": _join, "leave": _leave, "position": _position, "note": _note, "package": _package,
    "translate": _translate, "settle": _settle, "take": _take, "chair text": _chair_text, "confirm": _confirm,
    "publish": _publish, "grant": _grant, "modalities": _modalities, "codes": _codes, "correct": _correct, "refer": _refer,
    "accept": _accept, "reopen": _reopen,
}  # fmt: skip


def spoilt(chance, body):
    """The same body with one field that nobody would write."""
    fields = [name for name in body.__struct_fields__ if isinstance(getattr(body, name), (bytes, int, str, tuple))]
    name = chance.of(fields)
    junk = {
        bytes: lambda: chance.of(JUNK),
        str: lambda: chance.of(("", "\x00", "[", "{ref:" + "00" * 16 + "}", "x" * 70_000, "\ud7ff")),
        tuple: lambda: (),
        bool: lambda: not getattr(body, name),
        int: lambda: -1,
    }
    values = {each: getattr(body, each) for each in body.__struct_fields__}
    return type(body)(**{**values, name: junk[type(values[name])]()})
