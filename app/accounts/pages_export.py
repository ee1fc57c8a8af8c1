"""The door of the file for the association's accounting: which days, and the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, Router, get

from app.accounts.export import LONGEST, lines_of, written
from app.accounts.queries_purchases import kept_place
from app.clock import YEARS, local_day
from app.i18n import Text, language, text
from app.web.answers import go_to
from app.web.rendering import house_of, render, visit_of

AnyRequest = Request[Any, Any, Any]
DAYS = ("du", "au")
"""Names of the two fields."""
NO_DAY = text("Écris un jour : jour, mois, année.")
BACKWARDS = text("La fin vient avant le début.")
TOO_LONG = text("Trois ans au plus à la fois.")


@dataclass(frozen=True, slots=True)
class ExportPage:
    """`/comptes/export`."""

    place_name: str
    values: Mapping[str, str]
    errors: Mapping[str, Text]
    today: str


def read_days(query: Mapping[str, Any]) -> tuple[date | None, date | None, dict[str, Text]]:
    """From which day to which, or what is wrong with them."""
    errors: dict[str, Text] = {}
    first, last = (_day(str(query.get(name, "")), name, errors) for name in DAYS)
    if first is not None and last is not None:
        if last < first:
            errors["au"] = BACKWARDS
        elif (last - first).days > LONGEST:
            errors["au"] = TOO_LONG
    return first, last, errors


def _day(raw: str, name: str, errors: dict[str, Text]) -> date | None:
    try:
        day = datetime.strptime(raw, "%Y-%m-%d").date()  # noqa: DTZ007 - a day of the place
    except ValueError:
        day = None
    if day is None or day.year not in YEARS or day.year + 1 not in YEARS:
        errors[name] = NO_DAY
        return None
    return day


async def _page(request: AnyRequest, values: Mapping[str, str], errors: Mapping[str, Text]) -> Response[Any]:
    visit = visit_of(request)
    _, name = await kept_place(visit)
    page = ExportPage(name, values, errors, f"{local_day(visit.now)}")
    return render(request, "app/accounts/export.html", page, status=422 if errors else 200)


@get("/comptes/export")
async def show_export(request: AnyRequest) -> Response[Any]:
    """The form: the year so far, until something else is written; in January, the year before. Days of which there is
    no file come back here, with what is wrong about them."""
    query = request.query_params
    if "du" in query or "au" in query:
        _, _, errors = read_days(query)
        return await _page(request, {name: str(query.get(name, ""))[:20] for name in DAYS}, errors)
    today = local_day(visit_of(request).now)
    first = date(today.year if today.month > 1 else today.year - 1, 1, 1)
    last = today if today.month > 1 else date(today.year, 1, 1) - timedelta(days=1)
    return await _page(request, {"du": f"{first}", "au": f"{last}"}, {})


@get("/comptes/export.csv")
async def send_export(request: AnyRequest) -> Response[Any]:
    """The file, of the place that one looks at and keeps the accounts of."""
    visit, query = visit_of(request), request.query_params
    place_id, _ = await kept_place(visit)
    first, last, errors = read_days(query)
    if errors or first is None or last is None:
        return go_to(request, f"/comptes/export?{urlencode({each: str(query.get(each, ''))[:20] for each in DAYS})}")
    assert visit.place is not None
    lang = language(visit.language)
    takings = house_of(request).registry.takings
    lines = await lines_of(place_id, first, last, takings=takings, lang=lang)
    return Response(
        written(lines, lang).encode(),
        media_type="text/csv; header=present",
        headers={
            "Content-Disposition": f'attachment; filename="comptes-{visit.place.slug}-{first}-{last}.csv"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


EXPORT = Router(path="", route_handlers=[show_export, send_export])
