"""What `app.accounts` offers to the registry."""

from datetime import timedelta

from app.accounts import checks, jobs, own_data
from app.accounts.pages import ROUTER
from app.accounts.pages_export import EXPORT
from app.accounts.wording import SENTENCES
from app.contracts import Domain, Job, NavItem
from app.i18n.text import N_
from app.identity.states import Act

DOMAIN = Domain(
    name="accounts",
    routers=(ROUTER, EXPORT),
    nav=(
        NavItem(
            "accounts", N_("Tenir les comptes"), "/comptes", "meal", "coin-euro", order=92, for_act=Act.KEEP_ACCOUNTS
        ),
    ),
    refusals=SENTENCES,
    keeps=own_data.KEEPS,
    jobs=(
        Job("accounts.forget_after_ten_years", jobs.forget_after_ten_years, every=timedelta(days=1)),
        Job("accounts.forget_who_asked", jobs.forget_who_asked, every=timedelta(days=1)),
    ),
    export_of=own_data.export_of,
    leaving=own_data.leaving,
    erase=own_data.erase,
    checks=checks.differences,
    demo="app.accounts.demo",
    demo_after="rotas",
)
