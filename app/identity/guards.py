"""The one guard at the door of every page: members only, unless a handler says that it is public."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from app.errors import NotFound, SecondCodeNeeded, SignInNeeded
from app.identity.visits import Visit

LARGEST_ID = 2**31 - 1


async def guard_the_door(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Ask for a sign-in where one is needed, and for a second code from whoever owes one, even where no sign-in is
    needed, but for pages with `before_second`; treat ids and names that no row can have as unknown.

    Awaits nothing: Litestar would send a plain function through a thread, at each request.
    """
    state = connection.scope["state"]
    if (error := state.get("shell_error")) is not None:
        raise error
    for value in connection.path_params.values():
        if (isinstance(value, int) and not 0 < value <= LARGEST_ID) or (isinstance(value, str) and "\0" in value):
            raise NotFound
    visit: Visit = state["visit"]
    if visit.half_in is not None:
        if handler.opt.get("before_second"):
            return
        raise SecondCodeNeeded
    if handler.opt.get("public"):
        return
    if visit.member is None:
        raise SignInNeeded
