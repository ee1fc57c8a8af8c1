"""Every refusal has its sentence, none is left over, and none speaks of a detail by a name that is nowhere given."""

import re

from workshops.states import WorkshopRefusal
from workshops.wording import SENTENCES

DETAILS = {
    WorkshopRefusal.STARTS_TOO_SOON: {"earliest"},
    WorkshopRefusal.IN_THE_PAST: {"earliest"},
    WorkshopRefusal.ROOM_TAKEN: {"room", "starts_at"},
    WorkshopRefusal.ROOM_TOO_SMALL: {"room", "seats"},
    WorkshopRefusal.HOST_NOT_FREE: {"who"},
    WorkshopRefusal.FEWER_THAN_TAKEN: {"taken"},
}


def test_every_refusal_has_its_sentence() -> None:
    assert set(SENTENCES) == set(WorkshopRefusal)
    assert len(set(SENTENCES.values())) == len(SENTENCES)
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())


def test_details_are_those_that_commands_give() -> None:
    for refusal in WorkshopRefusal:
        assert set(re.findall(r"%\((\w+)\)s", SENTENCES[refusal])) == DETAILS.get(refusal, set())
