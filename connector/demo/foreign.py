"""The stand-in as a process of its own, met over HTTP alone."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from connector.domain.errors import NotSetUp
from connector.domain.secret import ClientSecret

__all__ = ["Foreign", "running_standin"]

LINE = "stand-in listening on "
TIMEOUT = 10  # seconds


@dataclass(frozen=True, slots=True)
class Foreign:
    """The stand-in's address and the parts of its control plane that the demonstration uses."""

    url: str

    def register(self, client: str, secret: ClientSecret, redirect: str) -> None:
        """Make the connector known there, as one does in Google's console."""
        self._post("clients", {"client_id": client, "client_secret": secret.form_field(), "redirect_uris": [redirect]})

    def api_requests(self) -> list[dict[str, Any]]:
        """The requests to the Pages API that it saw."""
        return [seen for seen in self._get("requests")["requests"] if seen["path"].startswith("/plusPages")]

    def live_tokens(self) -> int:
        """Live tokens of every kind."""
        return sum(grant["live_refresh"] + grant["live_access"] for grant in self._get("tokens")["grants"])

    def _post(self, name: str, body: dict[str, Any]) -> None:
        requests.post(f"{self.url}/test/{name}", json=body, timeout=TIMEOUT).raise_for_status()

    def _get(self, name: str) -> Any:
        answer = requests.get(f"{self.url}/test/{name}", timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def running_standin() -> Generator[Foreign, None, None]:
    """Start the stand-in on a free port and stop it when the block ends. Raises: NotSetUp."""
    # -P: a folder named `connector` where the demonstration was started is not the program to run.
    command = [sys.executable, "-P", "-m", "connector.standin", "--host", "127.0.0.1", "--port", "0"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:  # noqa: S603
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.startswith(LINE):
                raise NotSetUp("The stand-in did not start. Run `connector standin` to see why.")
            yield Foreign(line.removeprefix(LINE).strip())
        finally:
            process.terminate()
            process.wait(timeout=TIMEOUT)
