"""HEAD is GET without a body, for every page (RFC 9110, 9.3.2)."""

from app.database import Store
from tests.client import World
from tests.people import make_cast


async def test_every_page_answers_head_as_it_answers_get_without_the_body(db: Store) -> None:
    cast = await make_cast()
    w = World()
    b = await w.browser_of(cast.samira, place_id=cast.place)
    for path in ("/agenda", "/ateliers", "/nulle-part", "/connexion"):
        got, head = await b.get(path), await b.head(path)
        assert head.status_code == got.status_code
        assert head.content == b""
        assert head.headers["content-type"] == got.headers["content-type"]
