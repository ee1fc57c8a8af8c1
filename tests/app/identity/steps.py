"""What these tests do again and again: joining, signing in, reading the code and the link of a mail."""

import re
from typing import Any

import httpx

from app.database import run, transaction
from app.identity import passwords
from app.identity.tables import Member
from tests.client import Browser

PASSWORD = "trois mots au hasard"


async def mails_to(address: str) -> list[dict[str, Any]]:
    """The mails to this address, oldest first."""
    return await run("select * from outbox where recipient = {} order by id", address)


async def last_mail(address: str) -> dict[str, Any]:
    """The newest mail to this address."""
    return (await mails_to(address))[-1]


async def last_code(address: str) -> str:
    """The six digits in the newest mail to this address."""
    found = re.search(r"\b\d{6}\b", (await last_mail(address))["subject"])
    assert found, "no code in the subject"
    return found[0]


async def last_link(address: str) -> str:
    """The path that the newest mail to this address leads to."""
    return str((await last_mail(address))["link"])


def another(code: str) -> str:
    """Six digits that are not these."""
    return f"{(int(code) + 1) % 10**6:06}"


async def ask_to_join(browser: Browser, email: str, **fields: str) -> httpx.Response:
    form = {"name": "Nour", "email": email, "password": "", "charter": "1", **fields}
    return await browser.post("/inscription", form)


async def sign_in(browser: Browser, email: str, password: str = PASSWORD, **fields: str) -> httpx.Response:
    return await browser.post("/connexion", {"email": email, "password": password, "device": "mine", **fields})


async def give_password(member_id: int, password: str = PASSWORD) -> None:
    hashed = await passwords.hash_password(password)
    async with transaction():
        await Member.update({Member.password_hash: hashed}).where(Member.id == member_id)


async def email_of(member_id: int) -> str:
    return str((await run("select email from member where id = {}", member_id))[0]["email"])


async def sessions_of(member_id: int) -> list[dict[str, Any]]:
    return await run("select * from session where member_id = {} order by id", member_id)


async def is_in(browser: Browser) -> bool:
    return (await browser.get("/moi")).status_code == 200


def set_cookies(response: httpx.Response) -> dict[str, str]:
    return {line.split("=", 1)[0]: line for line in response.headers.get_list("set-cookie")}


async def sequence() -> int:
    """How many visible changes the one entry of the calendar has had."""
    return int((await run("select sequence from entry"))[0]["sequence"])
