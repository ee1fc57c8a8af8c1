"""What people of the demonstration wish to receive."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.notices.commands import resume_mail
from app.notices.links import StopLink
from app.notices.states import Kind

if TYPE_CHECKING:
    from app.demo import Stage

ASK_FOR_THEIR_WEEK = ("samira", "odile", "igor")


async def seed(stage: Stage) -> None:
    """Some of them like « Ta semaine »; everybody is reminded as those are who never chose."""
    asked = stage.now - timedelta(days=28)
    for key in ASK_FOR_THEIR_WEEK:
        await resume_mail(StopLink(stage.members[key], Kind.DIGEST), now=asked)
