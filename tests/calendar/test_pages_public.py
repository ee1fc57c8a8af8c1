"""What other sites read: the agenda as JSON, and its description."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.calendar import pages_public
from app.database import Store
from tests.calendar.plans import at, plan, put
from tests.calendar.world import CalendarWorld
from tests.client import Browser
from tests.factories import make_place
from tests.people import Cast, make_cast


@pytest.fixture
def other_site() -> Browser:
    return CalendarWorld().browser()


@pytest.fixture
async def cast(db: Store) -> Cast:
    return await make_cast()


async def titles(site: Browser, query: str = "") -> list[str]:
    answer = await site.get(f"/api/agenda{query}")
    assert answer.status_code == 200
    return [entry["title"] for entry in answer.json()["entries"]]


class TestAgenda:
    async def test_what_is_announced_in_all_places_or_one(self, cast: Cast, other_site: Browser) -> None:
        canal = await make_place(slug="canal", name="Le Canal")
        await put(plan(1, place_id=cast.place, title="B", starts_at=at("2026-11-27T14:00")))
        await put(plan(2, place_id=canal, title="A", starts_at=at("2026-11-26T10:00")))
        await put(plan(3, place_id=cast.place, title="Proposé", state="tentative"))
        await put(plan(4, place_id=cast.place, kind="meal", title="Repas", starts_at=at("2026-11-28T12:00")))
        await put(plan(5, place_id=cast.place, title="Plus tard", starts_at=at("2026-12-15T12:00")))
        assert await titles(other_site) == ["A", "B", "Repas"]
        assert await titles(other_site, "?lieu=canal") == ["A"]
        assert await titles(other_site, "?genre=repas") == ["Repas"]
        assert await titles(other_site, "?du=2026-12-01&au=2026-12-31") == ["Plus tard"]
        assert await titles(other_site, "?lieu=nulle-part") == []
        assert await titles(other_site, "?du=%00&au=x") == ["A", "B", "Repas"]

    async def test_the_limit_counts_the_kind_that_was_asked_for(
        self, cast: Cast, other_site: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pages_public, "MOST", 2)
        for number in (1, 2, 3):
            await put(plan(number, place_id=cast.place, starts_at=at(f"2026-11-2{number + 3}T14:00")))
        await put(plan(4, place_id=cast.place, kind="meal", title="Repas", starts_at=at("2026-11-28T12:00")))
        assert len(await titles(other_site)) == 2
        assert await titles(other_site, "?genre=repas") == ["Repas"]
        assert await titles(other_site, "?genre=rien") == []

    async def test_an_entry_says_these_things_and_names_nobody(self, cast: Cast, other_site: Browser) -> None:
        planned = plan(12, place_id=cast.place, room_id=cast.salon, seats=12, taken=8, children=True)
        await put(planned, host=(cast.samira,), participant=(cast.karim,))
        answer = await other_site.get("/api/agenda")
        assert answer.json()["entries"] == [
            {
                "url": "http://127.0.0.1:8000/ateliers/12",
                "kind": "workshop",
                "genre": "CV-troc",
                "title": "On se relit nos CV",
                "starts_at": "2026-11-27T14:00:00+01:00",
                "ends_at": "2026-11-27T16:00:00+01:00",
                "cancelled": False,
                "place": {
                    "slug": "les-tanneurs",
                    "name": "Les Tanneurs",
                    "address": "14 rue des Tanneurs, 93200 Saint-Denis",
                },
                "room": "Salon",
                "seats": 12,
                "seats_left": 4,
                "language": "fr",
                "step_free": False,
                "children_welcome": True,
            }
        ]
        assert "Samira" not in answer.text

    async def test_pages_of_other_sites_may_read_it(self, cast: Cast, other_site: Browser) -> None:
        answer = await other_site.get("/api/agenda", Origin="https://mairie.example", Sec_Fetch_Site="cross-site")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "set-cookie" not in answer.headers

    async def test_304_and_head(self, cast: Cast, other_site: Browser) -> None:
        await put(plan(1, place_id=cast.place))
        first = await other_site.get("/api/agenda")
        again = await other_site.get("/api/agenda", If_None_Match=first.headers["etag"])
        assert (again.status_code, again.content) == (304, b"")
        assert (await other_site.head("/api/agenda")).content == b""
        await put(plan(1, place_id=cast.place, taken=3))
        assert (await other_site.get("/api/agenda", If_None_Match=first.headers["etag"])).status_code == 200


class TestDescription:
    async def test_it_describes_what_is_answered(self, cast: Cast, other_site: Browser) -> None:
        await put(plan(1, place_id=cast.place, room_id=cast.salon))
        described = (await other_site.get("/schema")).json()
        answered = (await other_site.get("/api/agenda")).json()
        assert described["openapi"] == "3.1.0"
        assert list(described["paths"]) == ["/api/agenda"]
        schemas = described["components"]["schemas"]
        (entry,) = answered["entries"]
        for name, thing in (("Agenda", answered), ("Entry", entry), ("Place", entry["place"])):
            self.matches(thing, schemas[name], schemas)
            assert sorted(thing) == sorted(schemas[name]["required"]) == sorted(schemas[name]["properties"])
        parameters = described["paths"]["/api/agenda"]["get"]["parameters"]
        assert [parameter["name"] for parameter in parameters] == ["lieu", "genre", "du", "au"]
        assert parameters[1]["schema"]["examples"] == ["ateliers", "repas"]

    def matches(self, value: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> None:
        """A small reading of JSON Schema: types, properties, items, references."""
        if "$ref" in schema:
            self.matches(value, schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
            return
        python = {"string": str, "integer": int, "boolean": bool, "null": type(None), "array": list, "object": dict}
        allowed = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        assert any(type(value) is python[name] for name in allowed), (value, schema)
        for name, inner in schema.get("properties", {}).items():
            self.matches(value[name], inner, schemas)
        for item in value if isinstance(value, list) else []:
            self.matches(item, schema["items"], schemas)

    async def test_it_is_plain_json(self, cast: Cast, other_site: Browser) -> None:
        answer = await other_site.get("/schema")
        assert answer.headers["content-type"].startswith("application/json")
        assert json.loads(answer.content)


async def test_search_engines_are_not_told_to_leave_feeds_alone(cast: Cast, other_site: Browser) -> None:
    """Google refuses to subscribe to an address that robots.txt names (TracksApp/tracks#71)."""
    robots = (await other_site.get("/robots.txt")).text
    paths = [line.split(":", 1)[1].strip() for line in robots.splitlines() if line.startswith("Disallow:")]
    assert not any(path and "/calendriers/perso/x.ics".startswith(path) for path in paths)
    assert not any(path and "/ateliers/1.ics".startswith(path) for path in paths)
