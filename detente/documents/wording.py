"""The few words that a document adds to a text, in the six languages of the United Nations; otherwise in English."""

from __future__ import annotations

from typing import Final

_WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "imported": "text as it was laid on the table",
        "negotiated": "text as negotiated",
        "base": "as it stood before proposals",
        "clean": "without anything contested",
        "party": "as {} would have it",
        "compared": "Comparison",
        "inserted": "inserted",
        "deleted": "deleted",
        "moved": "moved",
    },
    "fr": {
        "imported": "texte tel que déposé",
        "negotiated": "texte en cours de négociation",
        "base": "texte avant toute proposition",
        "clean": "sans les passages contestés",
        "party": "version souhaitée par {}",
        "compared": "Comparaison",
        "inserted": "ajouté",
        "deleted": "supprimé",
        "moved": "déplacé",
    },
    "es": {
        "imported": "texto tal como se presentó",
        "negotiated": "texto en negociación",
        "base": "texto anterior a las propuestas",
        "clean": "sin los pasajes controvertidos",
        "party": "versión deseada por {}",
        "compared": "Comparación",
        "inserted": "añadido",
        "deleted": "suprimido",
        "moved": "trasladado",
    },
    "ru": {
        "imported": "текст, как он был внесён",
        "negotiated": "текст в процессе согласования",
        "base": "текст до внесения предложений",
        "clean": "без несогласованных мест",
        "party": "в редакции {}",
        "compared": "Сравнение",
        "inserted": "добавлено",
        "deleted": "исключено",
        "moved": "перемещено",
    },
    "ar": {
        "imported": "النص كما قُدِّم",
        "negotiated": "النص قيد التفاوض",
        "base": "النص قبل المقترحات",
        "clean": "دون المواضع المختلف عليها",
        "party": "بالصيغة التي تقترحها {}",
        "compared": "مقارنة",
        "inserted": "مضاف",
        "deleted": "محذوف",
        "moved": "منقول",
    },
    "zh": {
        "imported": "提交时的案文",
        "negotiated": "谈判案文",
        "base": "提出修正前的案文",
        "clean": "不含有争议的内容",
        "party": "{}主张的案文",
        "compared": "对照",
        "inserted": "增加",
        "deleted": "删除",
        "moved": "移动",
    },
}


def word(language: str, name: str) -> str:
    """That word in the language of the tag, or in English."""
    return _WORDS.get(language.lower().partition("-")[0], _WORDS["en"])[name]


def reading(language: str, name: str) -> str:
    """What a reading of a text is called: `imported`, `negotiated`, `base`, `clean`, or a party's code."""
    if name in {"imported", "negotiated", "base", "clean"}:
        return word(language, name)
    return word(language, "party").format(name)
