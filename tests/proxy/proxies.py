"""nginx and Caddy with the files in deploy/, which are changed only where one's own machine has to be named."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

from tests.servers import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
NAME = "reseau.example.org"
START_SECONDS = 30
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
"""nginx stands where only root looks."""
# As Debian's, with the same 768 connections. The user is that of the trial: its folder is open to nobody else.
NGINX_AROUND = """
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/logs/main.log;
events {{ worker_connections 768; }}
http {{
    access_log {folder}/logs/main.access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/unused;
    uwsgi_temp_path {folder}/unused;
    scgi_temp_path {folder}/unused;
    gzip on;
    include {folder}/reseau.conf;
}}
"""


def replaced(text: str, changes: dict[str, str]) -> str:
    """The text with each of these words replaced; fails when one is not there, since the file has changed then."""
    for old, new in changes.items():
        assert old in text, f"the shipped file has no « {old} » any more"
        text = text.replace(old, new)
    return text


class Proxy(ABC):
    """A reverse proxy in front of the application, on free ports of this machine."""

    command: list[str]
    ends_slow_forms = False
    """Whether it lets go of somebody who sends a form crumb by crumb, rather than hold them without harm."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.http, self.https = free_port(), free_port()
        self.url = f"https://localhost:{self.https}"
        self.said = folder / "said.log"
        (folder / "logs").mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def configure(self, upstream: int) -> None:
        """Write its configuration, for an application at this port."""

    @abstractmethod
    def authority(self) -> Path:
        """The certificate that browsers here have to trust."""

    def trusting(self, *protocols: str) -> ssl.SSLContext:
        """What a browser that trusts it uses, and that speaks these protocols."""
        if not self.authority().exists():
            raise OSError(f"{self.authority()} is not made yet")
        context = ssl.create_default_context(cafile=str(self.authority()))
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    def start(self) -> None:
        """Run it until `stop`."""
        with self.said.open("ab") as said:
            self._process = subprocess.Popen(
                self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=self.environ()
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self.command[0]} does not answer:\n{self.said.read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def environ(self) -> dict[str, str]:
        """Where it may write: below its folder alone."""
        return {"PATH": PATH, "HOME": str(self.folder)}

    def written(self) -> str:
        """All that it has written: access logs, error logs and its own words."""
        return "".join(path.read_text() for path in [self.said, *sorted((self.folder / "logs").iterdir())])

    def _answers(self) -> bool:
        try:
            with (
                socket.create_connection(("127.0.0.1", self.https), timeout=5) as line,
                self.trusting().wrap_socket(line, server_hostname="localhost"),
            ):
                return True
        except OSError:  # not there yet, or (Caddy) without its certificate yet
            return False


class Nginx(Proxy):
    """deploy/nginx.conf inside of a main file like that of Debian."""

    def configure(self, upstream: int) -> None:
        self._make_certificate()
        shipped = (DEPLOY / "nginx.conf").read_text()
        changes = {
            NAME: "localhost",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
            "listen 80;": f"listen {self.http};",
            "listen 443 ": f"listen {self.https} ",
            "/etc/letsencrypt/live/localhost/fullchain.pem": str(self.authority()),
            "/etc/letsencrypt/live/localhost/privkey.pem": str(self.folder / "key.pem"),
            "/var/log/nginx": str(self.folder / "logs"),
        }
        if Path("/proc/net/if_inet6").exists():
            changes |= {"[::]:80": f"[::]:{self.http}", "[::]:443": f"[::]:{self.https}"}
        else:
            shipped = re.sub(r"^ *listen \[::\].*\n", "", shipped, flags=re.MULTILINE)
        (self.folder / "reseau.conf").write_text(replaced(shipped, changes))
        user = "user root;" if self.folder.owner() == "root" else ""
        main = self.folder / "nginx.conf"
        main.write_text(NGINX_AROUND.format(folder=self.folder, user=user))
        self.command = ["nginx", "-p", str(self.folder), "-c", str(main), "-e", str(self.folder / "logs" / "first.log")]
        subprocess.run([*self.command, "-t", "-q"], check=True, env=self.environ())
        self.command += ["-g", "daemon off;"]

    def authority(self) -> Path:
        return self.folder / "certificate.pem"

    def _make_certificate(self) -> None:
        options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
        files = ["-keyout", str(self.folder / "key.pem"), "-out", str(self.authority())]
        subprocess.run(
            ["openssl", "req", *options.split(), "-addext", "subjectAltName=DNS:localhost", *files],
            check=True,
            capture_output=True,
        )


class Caddy(Proxy):
    """deploy/Caddyfile. It makes the certificate of `localhost` by itself, as it gets one for any other name."""

    def configure(self, upstream: int) -> None:
        changes = {
            NAME: "localhost",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
            "/var/log/caddy": str(self.folder / "logs"),
            "\n{\n": f"\n{{\n\thttp_port {self.http}\n\thttps_port {self.https}\n\tadmin off\n\tskip_install_trust\n",
        }
        self.ends_slow_forms = self._version() < (2, 7)  # later ones end the request and keep the connection
        if self._version() >= (2, 7):  # as the file says
            changes |= {
                "\t\tbuffer_requests\n": "\t\trequest_buffers 4MiB\n",
                "\t\tbuffer_responses\n": "\t\tresponse_buffers 4MiB\n",
                "\t\tmax_buffer_size 4MiB\n": "",
            }
        written = self.folder / "Caddyfile"
        written.write_text(replaced((DEPLOY / "Caddyfile").read_text(), changes))
        options = ["--config", str(written), "--adapter", "caddyfile"]
        subprocess.run(["caddy", "validate", *options], check=True, capture_output=True, env=self.environ())
        self.command = ["caddy", "run", *options]

    def environ(self) -> dict[str, str]:
        named = {"XDG_DATA_HOME": str(self.folder / "data"), "XDG_CONFIG_HOME": str(self.folder / "settings")}
        return super().environ() | named

    def authority(self) -> Path:
        return self.folder / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    def _version(self) -> tuple[int, int]:
        told = subprocess.run(["caddy", "version"], check=True, capture_output=True, text=True).stdout
        found = re.search(r"(\d+)\.(\d+)", told)
        assert found, told
        return int(found[1]), int(found[2])


KINDS: dict[str, type[Proxy]] = {"nginx": Nginx, "caddy": Caddy}


def missing() -> list[str]:
    """What the trial lacks here; empty when it can run."""
    lacking = [name for name in ("nginx", "caddy", "curl", "openssl") if shutil.which(name, path=PATH) is None]
    sentences = [f"{name} (apt-get install {name})" for name in lacking]
    return sentences if Path("/proc/net/tcp").exists() else [*sentences, "Linux"]
