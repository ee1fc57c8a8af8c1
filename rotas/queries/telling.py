"""How each slot of a week stands to one reader: who is there, what is wanted, and what they may press."""

from __future__ import annotations

from datetime import datetime

from app.clock import local_day
from app.i18n import Language, text
from app.identity.states import Act
from rotas import rules, views
from rotas.facts import standing_of
from rotas.queries.reading import Reader, Row, Week
from rotas.rules import Standing, Who
from rotas.states import SKILLED, Came, Level, RotaRefusal, SlotState
from rotas.views import Deed, ForMe, SlotLine


class Teller:
    """Says how each slot of a week stands to one reader."""

    def __init__(
        self, week: Week, reader: Reader, *, quiet: bool, now: datetime, lang: Language, just_taken: int = 0
    ) -> None:
        self.just_taken = just_taken
        self.week, self.reader, self.quiet, self.now, self.lang = week, reader, quiet, now, lang
        self.today = local_day(now)
        self.answers = {ask["id"] for ask in reader.asks}
        self.asked_of = {ask["slot_id"] for ask in reader.asks}
        # Turns begin and end on whole minutes.
        self.minute = minute = now.replace(second=0, microsecond=0)
        self.sort = (lang.code, quiet, minute, reader.id > 0, reader.named, reader.belongs, reader.mediator)

    def lacks(self, slot: Row) -> bool:
        """Whether somebody is wanted there still."""
        return bool(slot["taken"] < slot["people"] and slot["ends_at"] > self.now)

    def lacking(self) -> frozenset[int]:
        """Slots of this week where somebody is wanted still."""
        return self.week.once(
            ("lacking", self.minute), lambda: frozenset(slot["id"] for slot in self.week.slots if self.lacks(slot))
        )

    def no_keys(self) -> list[ForMe]:
        """Slots of this week with which nobody gets in yet."""
        return self.week.once(
            ("no keys", self.lang.code, self.quiet, self.minute),
            lambda: [
                ForMe(slot["id"], slot["duty"], self.lang.when(slot["starts_at"]))
                for slot in self.week.slots
                if not self.quiet and slot["starts_at"] > self.now and self._lack(slot) is rules.Lack.KEYS
            ],
        )

    def standing(self, slot: Row) -> Standing:
        """How it stands, for rules about taking it; who does it for the first time is not counted here."""
        holds = [row for row in self._held(slot["id"]) if row["member_id"] is not None]
        counted = {
            "trained_here": self.week.skilled.get(slot["duty_id"], 0),
            "skilled_on_it": sum(self.week.levels.get((slot["duty_id"], row["member_id"])) in SKILLED for row in holds),
            "first_timers": 0,
            "weekly": len(self.week.weekly.get(slot["pattern_id"], ())),
        }
        return standing_of({**slot, **counted})

    def who(self, slot: Row) -> Who:
        """The reader, to this slot."""
        me = self.reader
        came = next((row["came"] for row in self.week.holdings.get(slot["id"], ()) if row["member_id"] == me.id), None)
        return Who(
            id=me.id,
            belongs=me.belongs,
            met=me.named,
            mediator=me.mediator,
            keeps_place=Act.KEEP_PLACE in me.acts,
            welcomes=Act.REGISTER in me.acts,
            adult_on=me.adult_on,
            level=self.week.levels.get((slot["duty_id"], me.id), Level.NONE),
            load=self.week.loads.get(me.id, 0),
            holds=came not in (None, Came.WATCHES),
            watches=came == Came.WATCHES,
            weekly=me.id in self.week.weekly.get(slot["pattern_id"], ()),
            swap=any(swap["from_member"] == me.id for swap in self.week.swaps.get(slot["id"], ())),
        )

    def line(self, slot: Row, column: int, differ: bool, *, asks_sure: bool = False, focus: bool = False) -> SlotLine:
        """The slot as the reader sees it; said once to all to whom it is the same."""
        slot_id, me, week = slot["id"], self.reader, self.week
        if focus or slot_id in self.asked_of:
            return self._line(slot, column, differ, asks_sure=asks_sure, focus=focus)
        key = (
            slot_id,
            self.sort,
            column,
            differ,
            me.adult_on is not None and local_day(slot["starts_at"]) < me.adult_on,
            week.levels.get((slot["duty_id"], me.id)),
            week.loads.get(me.id, 0) if slot["low_load"] is not None else 0,
            me.id if me.id in week.involved.get(slot_id, ()) else 0,
        )
        return week.once(key, lambda: self._line(slot, column, differ))

    def _line(self, slot: Row, column: int, differ: bool, *, asks_sure: bool = False, focus: bool = False) -> SlotLine:
        lang, who, standing = self.lang, self.who(slot), self.standing(slot)
        over = slot["ends_at"] <= self.now
        swap = self._swap(slot, standing, who) if not over else None
        lacks = self.lacks(slot)
        deed, hint = self._deed(slot, standing, who, swap) if not over else (None, "")
        return SlotLine(
            id=slot["id"],
            state=SlotState(slot["state"]).value,
            duty=slot["duty"],
            icon=slot["icon"],
            column=column,
            starts=slot["starts_at"].isoformat(),
            hours=views.hours_words(slot["starts_at"], slot["ends_at"], lang),
            hours_differ=differ,
            day_words=lang.short_day(slot["starts_at"]),
            look=_look(who, lacks=lacks, swap=swap is not None, quiet=self.quiet),
            people=slot["people"],
            taken=slot["taken"],
            seats_left=standing.free,
            who="" if who.holds or (swap is not None and slot["people"] == 1) else self._names(slot, over),
            mine=self._mine(slot, who),
            need=self._need(slot, who, swap)
            if not over
            else lang.say(text("C’est passé"))
            if not slot["taken"]
            else "",
            hint=hint,
            source_title=slot["source_title"] if self.reader.id else "",
            source_url=slot["source_url"],
            deed=deed,
            asks_sure=asks_sure,
            focus=focus,
        )

    def _held(self, slot_id: int) -> list[Row]:
        return [row for row in self.week.holdings.get(slot_id, ()) if row["came"] != Came.WATCHES]

    def _lack(self, slot: Row) -> rules.Lack | None:
        return rules.lack_of(people=slot["people"], taken=slot["taken"], opens_place=bool(slot["opens_place"]))

    def _names(self, slot: Row, over: bool) -> str:
        if over and local_day(slot["ends_at"]) < self.today:
            return views.people_words((), slot["taken"], named=False, lang=self.lang)
        names = [name_of(row, self.lang) for row in self._held(slot["id"])]
        return views.people_words(names, slot["taken"], named=self.reader.named, lang=self.lang)

    def _mine(self, slot: Row, who: Who) -> str:
        if who.watches:
            return self.lang.say(text("Tu viens regarder"))
        if not who.holds:
            return ""
        past = local_day(slot["ends_at"]) < self.today
        others = [row for row in self._held(slot["id"]) if row["member_id"] != self.reader.id]
        if past or not self.reader.named:
            return views.mine_words((), self.lang)
        return views.mine_words([name_of(row, self.lang) for row in others], self.lang)

    def _swap(self, slot: Row, standing: Standing, who: Who) -> Row | None:
        """The open request for this slot that the reader may answer from here."""
        for swap in self.week.swaps.get(slot["id"], ()):
            if swap["from_member"] == self.reader.id or swap["until_at"] <= self.now:
                continue
            if swap["id"] in self.answers:
                return swap
            if (
                swap["to_member"] is None
                and swap["wanted_slot_id"] is None
                and rules.why_cannot_replace(standing, who, now=self.now) is None
            ):
                return swap
        return None

    def _need(self, slot: Row, who: Who, swap: Row | None) -> str:
        if swap is not None:
            name = swap["name"] if self.reader.named else self.lang.say(text("Quelqu’un"))
            if swap["wanted_slot_id"] is not None:
                return self.lang.say(text("%(name)s te propose un échange", name=name))
            if swap["to_member"] is not None:
                return self.lang.say(text("%(name)s ne peut pas venir, et te demande si tu peux.", name=name))
            return self.lang.say(text("%(name)s ne peut pas venir. Qui vient à sa place ?", name=name))
        if who.swap:
            return self.lang.say(text("Tu as demandé quelqu’un à ta place"))
        lack = self._lack(slot)
        return views.need_words(lack, slot["people"] - slot["taken"], quiet=self.quiet, lang=self.lang)

    def _leaving(self, slot: Row, who: Who) -> Deed:
        say, here = self.lang.say, f"/tours/{slot['id']}/empechement"
        if slot["id"] == self.just_taken:
            return Deed("leave", here, say(text("J’annule")))
        if not who.holds:
            return Deed("leave", here, say(text("Je ne viens plus")))
        own = [swap for swap in self.week.swaps.get(slot["id"], ()) if swap["from_member"] == who.id]
        if own:
            return Deed("keep", f"/tours/echanges/{own[0]['id']}/retrait", say(text("Finalement, je viens")))
        return Deed("cannot", here, say(text("Je ne peux pas venir")))

    def _deed(self, slot: Row, standing: Standing, who: Who, swap: Row | None) -> tuple[Deed | None, str]:
        say = self.lang.say
        here = f"/tours/{slot['id']}"
        if who.holds or who.watches:
            return self._leaving(slot, who), ""
        if swap is not None:
            if swap["wanted_slot_id"] is not None:
                return Deed("see", here, say(text("Je réponds"))), ""
            return Deed("replace", f"/tours/echanges/{swap['id']}/reponse", say(text("Je viens à sa place"))), ""
        if not self.lacks(slot):
            return None, ""
        if self.reader.id == 0:
            return Deed("see", here, say(text("Je regarde"))), ""
        refusal = rules.why_cannot_take(standing, who, now=self.now)
        if refusal is None:
            return Deed("take", f"{here}/prise", say(text("Je prends ce tour"))), ""
        if refusal in (RotaRefusal.NEEDS_TRAINING, RotaRefusal.NOBODY_BESIDE):
            return Deed("see", here, say(text("J’apprends"))), ""
        return None, views.why_not_here(refusal, standing, who, now=self.now, lang=self.lang)


def name_of(holding: Row, lang: Language) -> str:
    """A member's name, a guest's first name, or what is left of one whose name has been erased."""
    return str(holding["first_name"] or holding["name"] or lang.say(text("une personne sans compte")))


def _look(who: Who, *, lacks: bool, swap: bool, quiet: bool) -> str:
    if who.holds:
        return "mine mine-cell"
    if swap:
        return ""
    if lacks:
        return "" if quiet else "missing"
    return "full"
