"""The doors of workshops: each handler reads its form, calls one command or query, and answers."""

from litestar import Router

from workshops.pages import desk, hosting, proposing, reading, ruling, signing_up, turns

router = Router(
    path="",
    route_handlers=[
        *reading.HANDLERS,
        *proposing.HANDLERS,
        *ruling.HANDLERS,
        *signing_up.HANDLERS,
        *hosting.HANDLERS,
        *desk.HANDLERS,
        *turns.HANDLERS,
    ],
)
