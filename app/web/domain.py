"""What `app.web` offers to the registry."""

from app.contracts import Domain

DOMAIN = Domain(name="web")
