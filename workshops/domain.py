"""What workshops offer to the registry."""

from app.contracts import Domain

DOMAIN = Domain(name="workshops")
