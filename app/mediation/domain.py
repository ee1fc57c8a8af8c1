"""What `app.mediation` offers to the registry."""

from app.contracts import Domain

DOMAIN = Domain(name="mediation")
