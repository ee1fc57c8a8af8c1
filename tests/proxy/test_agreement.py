"""The files in deploy/ say what the application says, in their own words. `trial.py` tries whether they keep it."""

import re
from pathlib import Path

import pytest

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
    assert int(the_one(r"client_max_body_size (\d+)m;", NGINX)) * 1024**2 == LARGEST_BODY
    assert int(the_one(r"max_size (\d+)MiB", CADDY)) * 1024**2 == LARGEST_BODY
    assert int(the_one(r"Content-Length}\) > (\d+)", CADDY)) == LARGEST_BODY
    assert int(the_one(r"max_buffer_size (\d+)MiB", CADDY)) * 1024**2 > LARGEST_BODY


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
