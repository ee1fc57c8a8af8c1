"""The doors of turns: each handler reads its form, calls one command or query, and answers."""

from litestar import Router

from rotas.pages import acting, keeping, learning, planning, single, till, week

router = Router(
    path="",
    route_handlers=[
        *week.HANDLERS,
        *acting.HANDLERS,
        *keeping.HANDLERS,
        *planning.HANDLERS,
        *single.HANDLERS,
        *learning.HANDLERS,
        *till.HANDLERS,
    ],
)
