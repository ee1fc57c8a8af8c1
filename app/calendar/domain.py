"""What `app.calendar` offers to the registry."""

from litestar import Router

from app.calendar.feed_pages import one_event, personal_feed, place_feed, shared_feed
from app.contracts import Domain

DOMAIN = Domain(
    name="calendar",
    routers=(Router(path="", route_handlers=[shared_feed, place_feed, one_event, personal_feed]),),
)
