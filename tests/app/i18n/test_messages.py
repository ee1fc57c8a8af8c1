"""Gathering the texts, and telling what a catalogue lacks."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from app.i18n import messages

PYTHON = """
from app.i18n import text, text_n as n
title = text("Un atelier", n=2)
both = text("Il reste %(n)s place "
            "ce soir", n=1)
counted = text_n("%(n)s place", "%(n)s places", 3)
LABEL = N_("Agenda")
said = _("Bonjour")
request.text(path)
"""
TEMPLATE = """
{% set label = "Agenda" %}
<p>{{ _("Un atelier") }} {{ _(label) }} {{ ngettext("%(n)s chaise", "%(n)s chaises", 2, n=2) }}</p>
{% trans name=page.name %}Bonsoir {{ name }}, 50 % de rab{% endtrans %}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in ("app/web", "meals", "elsewhere", "templates/meals"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "app/web/pages.py").write_text(PYTHON, "utf-8")
    (tmp_path / "meals/domain.py").write_text('LABEL = N_("Repas")\n', "utf-8")
    (tmp_path / "elsewhere/other.py").write_text('LABEL = N_("Pas de chez nous")\n', "utf-8")
    (tmp_path / "templates/meals/show.html").write_text(TEMPLATE, "utf-8")
    return tmp_path


def catalogue(**entries: str) -> Catalog:
    made = Catalog(locale="en")
    for msgid, said in entries.items():
        made.add(msgid, said)
    return made


def test_texts_are_gathered_from_the_shell_the_domains_and_the_templates(tree: Path) -> None:
    found = {message.id: message for message in messages.gather(tree) if message.id}
    assert set(found) == {
        "Un atelier",
        "Il reste %(n)s place ce soir",
        ("%(n)s place", "%(n)s places"),
        "Agenda",
        "Bonjour",
        "Repas",
        ("%(n)s chaise", "%(n)s chaises"),
        "Bonsoir %(name)s, 50 %% de rab",
    }
    assert found["Un atelier"].locations == [("app/web/pages.py", 0), ("templates/meals/show.html", 0)]


def test_the_file_is_sorted_and_has_neither_lines_nor_dates(tree: Path) -> None:
    template = messages.gather(tree)
    made = messages.written(messages.updated(Catalog(locale="en"), template), "en").decode()
    assert made == messages.written(messages.updated(Catalog(locale="en"), messages.gather(tree)), "en").decode()
    assert "#: app/web/pages.py templates/meals/show.html\n" in made
    assert "POT-Creation-Date" not in made
    assert made.index('"Agenda"') < made.index('"Bonjour"') < made.index('"Repas"')
    assert '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"' in made
    assert made.endswith('"\n')


def test_what_nothing_says_any_more_is_left_out(tree: Path) -> None:
    known = catalogue(**{"Un atelier": "A workshop", "Tout à fait autre chose": "Something else entirely"})
    made = messages.updated(known, messages.gather(tree))
    assert made.get("Un atelier").string == "A workshop"  # type: ignore[union-attr]  # it is there
    assert "Something else" not in messages.written(made, "en").decode()


def test_a_changed_text_keeps_its_translation_to_be_looked_at_again(tree: Path) -> None:
    made = messages.updated(catalogue(**{"Un atelierr": "A workshop"}), messages.gather(tree))
    assert made.get("Un atelier").fuzzy  # type: ignore[union-attr]  # it is there
    assert "fuzzy: Un atelier" in messages.problems(made, messages.gather(tree))


def test_what_a_text_was_before_is_told_once_and_does_not_pile_up(tree: Path) -> None:
    path = messages.path_of("en", tree)
    path.parent.mkdir(parents=True)
    template = messages.gather(tree)
    path.write_bytes(messages.written(catalogue(**{"Un atelierr": "A workshop"}), "en"))
    path.write_bytes(messages.written(messages.updated(messages.read("en", tree), template), "en"))
    assert path.read_text("utf-8").count('msgid "Un atelierr"') == 1
    assert '#| msgid "Un atelierr"\n' in path.read_text("utf-8")
    again = messages.written(messages.updated(messages.read("en", tree), template), "en").decode()
    assert "Un atelierr" not in again
    assert '#, fuzzy\nmsgid "Un atelier"' in again, "it is still to be looked at"


def test_the_remarks_of_translators_stay(tree: Path) -> None:
    known = catalogue(**{"Un atelier": "A workshop"})
    known.get("Un atelier").user_comments.append("not a lab")  # type: ignore[union-attr]  # it is there
    made = messages.updated(known, messages.gather(tree))
    assert "# not a lab\n" in messages.written(made, "en").decode()


class TestProblems:
    def test_a_whole_catalogue_has_none(self) -> None:
        assert messages.problems(catalogue(a="b"), catalogue(a="")) == []

    def test_missing_fuzzy_and_obsolete_texts_are_told(self) -> None:
        known = catalogue(empty="", old="x", vague="y")
        known.get("vague").flags.add("fuzzy")  # type: ignore[union-attr]  # it is there
        assert messages.problems(known, catalogue(empty="", vague="", new="")) == [
            "missing: empty",
            "fuzzy: vague",
            "missing: new",
            "obsolete: old",
        ]

    @pytest.mark.parametrize(
        ("msgid", "said"),
        [
            ("Bonjour %(name)s", "Hello"),
            ("Bonjour", "Hello %(name)s"),
            ("Bonjour %(name)s", "Hello %(nom)s"),
            ("50 %% des places", "50 % of seats"),
            ("50 % des places", "half of the seats"),
        ],
    )
    def test_a_translation_that_cannot_be_filled_in_is_told(self, msgid: str, said: str) -> None:
        assert len(messages.problems(catalogue(**{msgid: said}), catalogue(**{msgid: ""}))) == 1

    def test_only_the_number_may_be_left_out_and_only_of_the_singular(self) -> None:
        msgid = ("%(n)s place pour %(who)s", "%(n)s places pour %(who)s")
        template = Catalog()
        template.add(msgid)
        for said, faults in [
            (("one seat for %(who)s", "%(n)s seats for %(who)s"), 0),
            (("%(n)s seat for %(who)s", "%(n)s seats for %(who)s"), 0),
            (("%(n)s seat", "%(n)s seats for %(who)s"), 1),
            (("one seat for %(who)s", "seats for %(who)s"), 1),
        ]:
            known = Catalog(locale="en")
            known.add(msgid, said)
            assert len(messages.problems(known, template)) == faults

    def test_a_text_that_has_become_counted_is_missing(self) -> None:
        template = Catalog()
        template.add(("place", "places"))
        assert messages.problems(catalogue(place="seat"), template)[0] == "missing: place"


def test_the_command_writes_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "app/i18n").mkdir(parents=True)
    (tmp_path / "app/web.py").write_text('title = text("Un atelier")\n', "utf-8")
    assert messages.main(["check"], tmp_path) == 1
    assert messages.main([], tmp_path) == 0
    assert capsys.readouterr().out.endswith("en.po: missing: Un atelier\n1 texts, 1 to look at\n")
    path = tmp_path / "app/i18n/en.po"
    path.write_text(path.read_text("utf-8").replace('atelier"\nmsgstr ""', 'atelier"\nmsgstr "A workshop"'), "utf-8")
    assert messages.main(["check"], tmp_path) == 0
    before = path.read_bytes()
    assert messages.main(["extract"], tmp_path) == 0
    assert path.read_bytes() == before
    assert messages.main(["what"], tmp_path) == 2
