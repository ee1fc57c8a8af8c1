"""What `app.accounts` offers to the registry."""

from app.accounts import checks, demo
from app.accounts.wording import SENTENCES
from app.contracts import Domain

DOMAIN = Domain(
    name="accounts",
    refusals=SENTENCES,
    checks=checks.differences,
    seed=demo.seed,
    seed_after="rotas",
)
