"""What `app.notices` offers to the registry."""

from app.contracts import Domain

DOMAIN = Domain(name="notices")
