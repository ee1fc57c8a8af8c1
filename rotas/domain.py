"""What turns offer to the registry."""

from app.contracts import Domain
from rotas.wording import SENTENCES

DOMAIN = Domain(name="rotas", refusals=SENTENCES)
