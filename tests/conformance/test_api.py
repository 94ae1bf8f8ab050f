"""The local API held to its own description: schemathesis looks for an answer that breaks it, and a client that was
generated from it sells, lists and hears of it. TIMBRE_BIN is the program."""

import importlib
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,missing_required_header"
# What never ends; and what stops the sending, after which every wait for a verdict lasts its whole time.
LEFT_OUT = ["/v1/events", "/v1/sending"]


class Shop:
    def __init__(self, root: Path):
        env = {**os.environ, "TIMBRE_CUSTODY": "keyfile", "XDG_STATE_HOME": str(root / "state")}
        command = [os.environ["TIMBRE_BIN"], "--data", str(root / "shop")]
        subprocess.run([*command, "demo", "--documents", "0", "--json"], env=env, check=True, stdout=subprocess.DEVNULL)
        self.process = subprocess.Popen([*command, "serve", "--port", "0", "--json"], env=env, stdout=subprocess.PIPE, text=True)
        self.base = json.loads(self.process.stdout.readline())["address"]
        made = subprocess.run(
            [*command, "--json", "token", "add", "prueba", "--scope", "manage"], env=env, check=True, capture_output=True
        )
        self.token = json.loads(made.stdout)["token"]

    def ask(self, method: str, path: str, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        all_headers = {"Authorization": f"Bearer {self.token}", "Timbre-Client": "pruebas", "Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, data, {**all_headers, **headers}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    shop = Shop(tmp_path_factory.mktemp("api"))
    yield shop
    shop.process.terminate()
    shop.process.wait(30)


def bin_of(name: str) -> str:
    return str(Path(sys.executable).parent / name)  # no symlink is resolved: it is the environment's own


def test_a_generated_client_sells_lists_and_follows_what_happens(shop, tmp_path):
    description = tmp_path / "openapi.json"
    with urllib.request.urlopen(shop.base + "/v1/openapi.json", timeout=30) as answer:
        description.write_bytes(answer.read())
    generated = tmp_path / "client"
    subprocess.run(
        [bin_of("openapi-python-client"), "generate", "--path", description, "--output-path", generated, "--meta", "none"],
        check=True, cwd=tmp_path, capture_output=True, env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    sys.path.insert(0, str(tmp_path))
    client = importlib.import_module("client").AuthenticatedClient(base_url=shop.base, token=shop.token)
    operations = json.loads(description.read_text())["paths"]

    def call(path: str, method: str, **arguments):
        name = operations[path][method]["operationId"]
        tagged = operations[path][method].get("tags", ["default"])[0].replace("::", "")
        api = importlib.import_module(f"client.api.{tagged}.{name}")
        return api.sync_detailed(client=client, **arguments)

    sale = {"Encabezado": {"IdDoc": {"TipoDTE": 39}}, "Detalle": [{"NmbItem": "Pan", "QtyItem": 2, "PrcItem": 350}]}
    issued = call("/v1/documents", "post", body=sale, timbre_client="generado", idempotency_key="g-1", wait="verdict")
    assert issued.status_code == 201 and issued.parsed.document.state == "ACEPTADO", issued
    again = call("/v1/documents", "post", body=sale, timbre_client="generado", idempotency_key="g-1")
    assert again.status_code == 200 and again.parsed.document.id == issued.parsed.document.id
    assert [row.id for row in call("/v1/documents", "get").parsed.rows] == [issued.parsed.document.id]
    with client.get_httpx_client().stream("GET", "/v1/events") as stream:
        said = next(line for line in stream.iter_lines() if line.startswith("data:"))
    assert json.loads(said.removeprefix("data:"))["all"] is True


def test_the_metrics_are_read_by_who_reads_those_of_everybody(shop):
    sale = {"Encabezado": {"IdDoc": {"TipoDTE": 39}}, "Detalle": [{"NmbItem": "Pan", "QtyItem": 1, "PrcItem": 500}]}
    shop.ask("POST", "/v1/documents?wait=verdict", sale, **{"Idempotency-Key": "m-1"})
    request = urllib.request.Request(shop.base + "/v1/metrics", headers={"Authorization": f"Bearer {shop.token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        families = {family.name: family for family in text_string_to_metric_families(answer.read().decode())}
    assert all(family.documentation and family.samples for family in families.values() if family.name != "timbre_deadline_seconds")
    accepted = {s.labels["type"]: s.value for s in families["timbre_documents"].samples if s.labels["state"] == "ACEPTADO"}
    assert accepted["39"] >= 1 and accepted["33"] == 0
    assert families["timbre_deadlines_missed"].type == "counter"
    for name, labels in {
        "timbre_issue_seconds": {}, "timbre_fsync_seconds": {}, "timbre_sii_answer_seconds": {"class": "ok"},
    }.items():
        family = families[name]
        assert family.type == "histogram"
        counted = [s.value for s in family.samples if s.name == f"{name}_count" and labels.items() <= s.labels.items()]
        assert sum(counted) >= 1, name
    # Every label has a value out of a list that is known beforehand: types, states, questions, classes, bounds.
    labels = {label for family in families.values() for sample in family.samples for label in sample.labels}
    assert labels <= {"type", "state", "asked", "class", "le"}
    assert sum(len(family.samples) for family in families.values()) < 500


def test_no_answer_is_outside_the_description_and_none_is_an_error_of_ours(shop, tmp_path):
    sale = {"Encabezado": {"IdDoc": {"TipoDTE": 39}}, "Detalle": [{"NmbItem": "Pan", "QtyItem": 1, "PrcItem": 990}]}
    shop.ask("POST", "/v1/documents", sale, **{"Idempotency-Key": "s-1"})
    left_out = [word for path in LEFT_OUT for word in ("--exclude-path", path)]
    run = subprocess.run(
        [
            bin_of("schemathesis"), "run", shop.base + "/v1/openapi.json", "-H", f"Authorization: Bearer {shop.token}",
            "--checks", CHECKS, "--phases", "examples,fuzzing", "--max-examples", "6", "--seed", "7", "--no-shrink",
            "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off", *left_out,
        ],
        capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "NO_COLOR": "1"},
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
