"""The words people read, in their language.

French is written in the source and is what catalogues are keyed by; English is `en.po` beside this file. A text that
is decided far from a page (a rule's refusal, a form's error, a mail) travels as `Text` and is said at the end, by the
`Language` of whoever reads it.
"""

from app.i18n.language import LANGUAGES, Language, capital, language
from app.i18n.text import Text, text, text_n

__all__ = ["LANGUAGES", "Language", "Text", "capital", "language", "text", "text_n"]
