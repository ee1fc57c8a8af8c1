"""The catalogues' keeper: gathers the French texts of the code and of the templates, and tells what is untranslated.

`python -m app.i18n.messages` brings `en.po` up to date; `… check` only says what is missing. The files carry no line
numbers and no dates, so that two people who add texts seldom write on the same lines.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

ROOT = Path(__file__).resolve().parents[2]
TRANSLATIONS = ("en",)
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "text": None,
    "text_n": (1, 2),
    "N_": None,
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
}
_JINJA = {
    "extensions": "jinja2.ext.i18n, app.web.remembering.Remember",
    "newstyle_gettext": "true",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "silent": "false",
}
_HEADER = """\
# The texts of Le Réseau in another language; how to translate: docs/translating.md
msgid ""
msgstr ""
"Language: {code}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""
_PLACE = re.compile(r"%\((\w+)\)")
_WIDTH = 120


def path_of(code: str, root: Path = ROOT) -> Path:
    """The catalogue of this language."""
    return root / "app" / "i18n" / f"{code}.po"


def _sources(root: Path) -> Iterator[Path]:
    """The modules of the shell and of each domain, and the templates."""
    packages = [path.parent for path in root.glob("*/domain.py")]
    for package in sorted({root / "app", *packages}):
        yield from sorted(package.rglob("*.py"))
    yield from sorted((root / "templates").rglob("*.html"))


def _calls(path: Path) -> Iterator[tuple[str, list[str | None]]]:
    """The calls that mark a text: the function's name, and its arguments as far as they are written out."""
    with path.open("rb") as file:
        if path.suffix == ".py":
            found: Iterable[tuple[Any, ...]] = extract_python(file, _KEYWORDS, [], {"encoding": "utf-8"})
        else:
            found = babel_extract(file, list(_KEYWORDS), [], dict(_JINJA))
        for _, function, arguments, _ in found:
            yield function, list(arguments) if isinstance(arguments, tuple) else [arguments]


def gather(root: Path = ROOT) -> Catalog:
    """Every text that the code and the templates say, without translations."""
    catalogue = Catalog(charset="utf-8")
    for path in _sources(root):
        name = path.relative_to(root).as_posix()
        for function, arguments in _calls(path):
            if function not in _KEYWORDS:  # Jinja's extractor knows more names than we use
                continue
            places = _KEYWORDS[function] or (1,)
            texts = [arguments[place - 1] if len(arguments) >= place else None for place in places]
            written_out = [each for each in texts if each]
            # A text that is not written out here (`_(item.label)`) was marked where it is written.
            if len(written_out) == len(places):
                msgid = written_out[0] if len(places) == 1 else tuple(written_out)
                catalogue.add(msgid, locations=[(name, 0)])
    return catalogue


def read(code: str, root: Path = ROOT) -> Catalog:
    """The catalogue of a language as it is on disk, empty when there is none."""
    path = path_of(code, root)
    if not path.exists():
        return Catalog(locale=code, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=code)


def updated(catalogue: Catalog, template: Catalog) -> Catalog:
    """The catalogue with the texts of now: new ones empty or fuzzy, those that nothing says any more left out."""
    for message in catalogue:
        # Babel reads `#| msgid` (what the text was before) as a remark of the translator's, and would keep it for ever.
        message.user_comments = [each for each in message.user_comments if not each.startswith("|")]
    catalogue.update(template, update_header_comment=False)
    catalogue.obsolete.clear()
    for message in catalogue:
        if message.id and message.fuzzy and _faults(message):
            message.string = "" if isinstance(message.id, str) else ("", "")
            message.flags.discard("fuzzy")
    return catalogue


def written(catalogue: Catalog, code: str) -> bytes:
    """The file of a catalogue: in the order of its texts, and the same for the same texts."""
    body = io.BytesIO()
    write_po(
        body,
        catalogue,
        width=_WIDTH,
        omit_header=True,
        sort_output=True,
        ignore_obsolete=True,
        include_previous=True,
        include_lineno=False,
    )
    head = _HEADER.format(code=code, plural=catalogue.plural_forms)
    return head.encode() + body.getvalue().strip() + b"\n"


def _all(written_: str | Iterable[str] | None) -> list[str]:
    return [written_] if isinstance(written_, str) else list(written_ or [])


def _places(sentence: str) -> set[str]:
    return set(_PLACE.findall(sentence))


def _fits(sentence: str) -> bool:
    """Whether the sentence can be filled in: a `%` that is only a sign is doubled."""
    try:
        sentence % dict.fromkeys(_places(sentence), 1)
    except (ValueError, TypeError, KeyError):
        return False
    return True


def _faults(message: Message) -> list[str]:
    """What would go wrong when this message is said."""
    originals, said = _all(message.id), _all(message.string)
    faults = [f"cannot be filled in: {each}" for each in (*originals, *said) if not _fits(each)]
    if not said or not all(said):
        return faults
    if len(said) != len(originals):
        return [*faults, "has not as many forms as the original"]
    for number, sentence in enumerate(said):
        wanted, there = _places(originals[-1]), _places(sentence)
        # « une place »: where only one is meant the number may be left out.
        silent = {"n"} if len(said) > 1 and number == 0 else set()
        if there - wanted or wanted - there - silent:
            faults.append(f"holds {sorted(there)} where the original holds {sorted(wanted)}: {sentence}")
    return faults


def problems(catalogue: Catalog, template: Catalog) -> list[str]:
    """One line for each text that is missing, fuzzy, obsolete, or that cannot be filled in."""
    lines = []
    for message in template:
        if not message.id:
            continue
        known = catalogue.get(_all(message.id)[0])
        if known is None or _all(known.id) != _all(message.id) or not all(_all(known.string) or [""]):
            lines.append(f"missing: {_all(message.id)[0]}")
        elif known.fuzzy:
            lines.append(f"fuzzy: {_all(message.id)[0]}")
        lines += [f"{fault} ({_all(message.id)[0]})" for fault in _faults(known or message)]
    said_now = {_all(message.id)[0] for message in template if message.id}
    old = [_all(message.id)[0] for message in catalogue if message.id and _all(message.id)[0] not in said_now]
    return lines + [f"obsolete: {msgid}" for msgid in (*old, *(_all(each)[0] for each in catalogue.obsolete))]


def main(arguments: list[str], root: Path = ROOT) -> int:
    """The command: `extract` (the default) writes the catalogues, `check` fails when one is not complete."""
    if arguments not in ([], ["extract"], ["check"]):
        sys.stderr.write("usage: python -m app.i18n.messages [extract|check]\n")
        return 2
    template = gather(root)
    lines = []
    for code in TRANSLATIONS:
        if arguments != ["check"]:
            path_of(code, root).write_bytes(written(updated(read(code, root), template), code))
        lines += [f"{code}.po: {line}" for line in problems(read(code, root), template)]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    texts = sum(1 for message in template if message.id)
    sys.stdout.write(f"{texts} texts, {len(lines)} to look at\n")
    return 1 if lines and arguments == ["check"] else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
