"""Why Stripe refuses, in Stripe's own form: the status, and a body {"error": {"type", "message", "code", "param"}}.

Sentences and codes are those of docs.stripe.com/error-codes and of its API's answers, as far as they are known; who
asks should look at `code` and the status, never at the sentence.
"""

from typing import Any


class Refusal(Exception):
    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": type, "message": message}
        if code is not None:
            self.error |= {"code": code, "doc_url": f"https://docs.stripe.com/error-codes#{code.replace('_', '-')}"}
        if param is not None:
            self.error["param"] = param

    def body(self) -> dict[str, Any]:
        return {"error": self.error}


class Invalid(Refusal):
    """What is asked cannot even be begun: an idempotency key does not remember it."""


def missing(sort: str, name: str, *, param: str = "id", status: int = 404) -> Refusal:
    return Refusal(f"No such {sort}: '{name}'", status=status, code="resource_missing", param=param)
