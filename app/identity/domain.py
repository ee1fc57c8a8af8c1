"""What `app.identity` offers to the registry."""

from app.contracts import Domain

DOMAIN = Domain(name="identity")
