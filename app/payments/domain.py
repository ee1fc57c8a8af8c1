"""What `app.payments` offers to the registry."""

from datetime import timedelta

from app.contracts import Domain, Job
from app.payments import checks, jobs
from app.payments.pages import router

DOMAIN = Domain(
    name="payments",
    routers=(router,),
    jobs=(
        Job("payments.settle_open", jobs.settle_open),
        Job("payments.send_refunds", jobs.send_refunds),
        Job("payments.handle_events", jobs.handle_events),
        Job("payments.forget_events", jobs.forget_events, every=timedelta(hours=1)),
    ),
    set_back=jobs.set_back,
    checks=checks.differences,
)
