"""The files in deploy/ say what the application says, in their own words. `trial.py` tries whether they keep it."""

import re
from pathlib import Path

import pytest

from app.accounts.pages import LARGEST_FORM
from app.main import LARGEST_BODY, REGISTRY
from app.serving import GRACE, KEEP_ALIVE
from app.web.log import path_without_secret

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX, CADDY, UNIT = [(DEPLOY / name).read_text() for name in ("nginx.conf", "Caddyfile", "reseau.service")]


def the_one(pattern: str, text: str) -> str:
    """The only match's group; fails when there is none, or another."""
    found = re.findall(pattern, text)
    assert len(set(found)) == 1, f"{pattern}: {found}"
    return str(found[0])


def test_the_largest_body_is_the_applications() -> None:
    assert int(the_one(r"\n    client_max_body_size (\d+)m;", NGINX)) * 1024**2 == LARGEST_BODY
    assert int(the_one(r"@forms \{\s+max_size (\d+)MiB", CADDY)) * 1024**2 == LARGEST_BODY
    assert int(the_one(r"@announced-too-large \{[^@]*Content-Length}\) > (\d+)", CADDY)) == LARGEST_BODY


def test_so_is_that_of_photos() -> None:
    """Rounded up to a mebibyte: between the two the application itself says that it is too large."""
    largest = -(-LARGEST_FORM // 1024**2) * 1024**2
    assert int(the_one(r"\n {12}client_max_body_size (\d+)m;", NGINX)) * 1024**2 == largest
    assert int(the_one(r"@photos \{\s+max_size (\d+)MiB", CADDY)) * 1024**2 == largest
    assert int(the_one(r"@announced-photos-too-large \{[^@]*Content-Length}\) > (\d+)", CADDY)) == largest
    assert int(the_one(r"max_buffer_size (\d+)MiB", CADDY)) * 1024**2 > largest


def test_photos_are_sent_to_the_addresses_that_take_them() -> None:
    known = {
        re.sub(r"\{.*?\}", "12", path)
        for router in REGISTRY.routers
        for route in router.routes
        for handler in getattr(route, "route_handlers", ())
        for path in [route.path]
        if handler.request_max_body_size == LARGEST_FORM
    }
    assert known == {"/comptes/achats", "/comptes/achats/12/recus"}
    others = {"/comptes/achats/nouveau", "/comptes/achats/12", "/comptes", "/langue", "/comptes/achats/12/recu/1"}
    by_nginx = the_one(r"location ~ (\S+) \{", NGINX)
    by_caddy = the_one(r"path_regexp (\S+)\n", CADDY)
    for pattern in (by_nginx, by_caddy):
        assert {path for path in known | others if re.search(pattern, path)} == known


def test_idle_connections_are_given_up_before_the_application_does() -> None:
    upstream = NGINX.partition("upstream reseau {")[2].partition("\n}")[0]
    assert int(the_one(r"keepalive_timeout (\d+)s;", upstream)) < KEEP_ALIVE
    assert int(the_one(r"\tkeepalive (\d+)s", CADDY)) < KEEP_ALIVE


def test_the_service_waits_until_the_application_has_ended() -> None:
    assert int(the_one(r"TimeoutStopSec=(\d+)", UNIT)) > GRACE + 3


def secret_beginnings() -> list[str]:
    """How addresses with a secret begin, as the application's own log cuts them."""
    paths = {route.path for router in REGISTRY.routers for route in router.routes}
    return sorted({cut.partition("…")[0] for path in paths if (cut := path_without_secret(path)) != path})


def test_there_are_secret_addresses() -> None:
    assert {"/calendriers/perso/", "/connexion/lien/", "/courrier/", "/offres/"} <= set(secret_beginnings())


@pytest.mark.parametrize("beginning", secret_beginnings())
def test_their_logs_cut_what_the_applications_log_cuts(beginning: str) -> None:
    secret = beginning + "s3cret/stop"
    by_nginx = re.compile(the_one(r'"~\*(\^.*?)" ', NGINX).replace("?<", "?P<"), re.IGNORECASE).match(secret)
    assert by_nginx
    assert by_nginx["reseau_kept"] == beginning
    by_caddy = re.compile(the_one(r"request>uri regexp (\S+)", CADDY))
    assert by_caddy.sub(r"\1…", secret) == by_caddy.sub(r"\1…", secret.replace("/s3", "%2Fs3")).replace("%2F", "/")
    assert by_caddy.sub(r"\1…", secret) == beginning + "…"
