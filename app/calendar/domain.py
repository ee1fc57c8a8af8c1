"""What `app.calendar` offers to the registry."""

from app.contracts import Domain

DOMAIN = Domain(name="calendar")
