"""What `app.accounts` offers to the registry."""

from app.accounts.wording import SENTENCES
from app.contracts import Domain

DOMAIN = Domain(
    name="accounts",
    refusals=SENTENCES,
)
