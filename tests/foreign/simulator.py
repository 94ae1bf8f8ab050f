"""`timbre simulator` as a process of its own, and its control routes.

Holds no opinion about documents: it starts, equips a client from the desk, and tells what was received.
"""

import json
import os
import subprocess
import urllib.request
from typing import Any


class Simulator:
    def __init__(self, *flags: str) -> None:
        command = [os.environ["TIMBRE_BIN"], "simulator", "--json", "--processing", "0s", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.hosts = json.loads(self.process.stdout.readline())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"{self.hosts['control']}/_sim/{path}", method=method, data=body)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def company(self) -> dict[str, Any]:
        return json.loads(self.ask("GET", "desk/company"))

    def certificate(self, password: str) -> bytes:
        return self.ask("POST", f"desk/certificate?password={password}")

    def caf(self, tipo: int, first: int, last: int) -> bytes:
        return self.ask("POST", f"desk/caf?tipo={tipo}&from={first}&to={last}")

    def scenario(self, toml: str) -> None:
        self.ask("POST", "scenario", toml.encode())

    def document(self, identity: str) -> dict[str, Any]:
        ledger = json.loads(self.ask("GET", "ledger"))
        return next(document for document in ledger["documents"] if document["id"] == identity)
