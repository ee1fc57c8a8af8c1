"""What is printed: a workshop's poster, and for its hosts the list of first names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from markupsafe import Markup

from app.clock import local
from app.database import run
from app.errors import NotFound
from app.i18n import capital, language, text, text_n
from app.identity.visits import Visit
from app.web.qr import qr_svg
from workshops import rules, views
from workshops.labels import DRAWINGS
from workshops.posters import poster_title
from workshops.queries.one import POSTED, person_name, seen
from workshops.views import PersonLine


@dataclass(frozen=True, slots=True)
class SheetPage:
    """The poster or the list of a workshop, on A4."""

    id: int
    title: str
    title_lines: list[str]
    size: str
    """Of the title: "" stands large beside the drawing; `medium` and `long` take the width, the drawing below."""
    format_name: str
    drawing: str
    weekday_day: str
    rest: str
    room: str
    summary: str
    seats: str
    address: str
    url_words: str
    qr: Markup
    people: list[PersonLine]
    empty_rows: range
    thrown_away: str


async def sheet_page(workshop_id: int, *, visit: Visit, base_url: str, people: bool) -> SheetPage:
    """What is printed: the poster (no name of a member on it), or for hosts the list of first names."""
    found = await seen(workshop_id, visit)
    row, standing = found.row, found.standing
    lang = language(visit.language)
    listed: list[PersonLine] = []
    if people:
        if found.who is None or rules.why_cannot_read_list(standing, found.who) is not None:
            raise NotFound
        rows = await run(
            "select s.id, s.first_name, m.name from sign_up s left join member m on m.id = s.member_id "
            "where s.workshop_id = {} and s.state = 'confirmed' order by m.name, s.first_name, s.id",
            workshop_id,
        )
        listed = [PersonLine(each["id"], person_name(each, lang)) for each in rows]
    elif standing.state not in POSTED:
        raise NotFound
    wall = local(row["starts_at"])
    lines, size = poster_title(row["title"])
    address = f"{base_url}/ateliers/{workshop_id}"
    return SheetPage(
        id=workshop_id,
        title=row["title"],
        title_lines=lines,
        size=size,
        format_name=views.format_name(row["format"], lang),
        drawing=DRAWINGS.get(standing.format, "libre"),
        weekday_day=f"{capital(lang.weekday(wall.date()))} {wall.day}",
        rest=f"{lang.month(wall.date())}, {lang.hours(row['starts_at'], row['ends_at'])}",
        room=row["room_name"] or lang.say(text("Salle à trouver")),
        summary=row["summary"][:320],
        seats=lang.say(text_n("%(n)s place", "%(n)s places", row["capacity"])),
        address=f"{row['place_name']}, {row['place_address']}",
        url_words=address.split("://", 1)[1],
        qr=qr_svg(address),
        people=listed,
        empty_rows=range(min(4, max(0, row["capacity"] - len(listed)))),
        thrown_away=lang.day(row["ends_at"] + timedelta(days=1)),
    )
