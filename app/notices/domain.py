"""What `app.notices` offers to the registry."""

from datetime import timedelta

from litestar import Router

from app.contracts import Domain, Job
from app.notices.jobs import forget_mail
from app.notices.pages import show_demo_mail, show_demo_mails

DOMAIN = Domain(
    name="notices",
    routers=(Router(path="/demo/courrier", route_handlers=[show_demo_mails, show_demo_mail]),),
    jobs=(Job("forget_mail", forget_mail, timedelta(hours=1)),),
)
