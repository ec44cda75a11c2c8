"""docker-compose.yml and the Dockerfile keep what the README promises a team."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from webcare.programs import PROGRAMS

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("web", "worker", "beat", "migrate")
SPECIFICATION = Draft7Validator(json.loads((ROOT / "tests" / "vendor" / "compose-spec.json").read_text()))
SPOILED = {  # what a hasty hand writes
    "an unknown key of a service": lambda file: file["services"]["web"].update(comand=["web"]),
    "an unknown condition": lambda file: file["services"]["web"]["depends_on"]["migrate"].update(condition="done"),
    "a dependency without a condition": lambda file: file["services"]["beat"]["depends_on"]["migrate"].clear(),
    "ports that are no list": lambda file: file["services"]["web"].update(ports="8000:8000"),
    "a health check that is no object": lambda file: file["services"]["worker"].update(healthcheck="ping"),
    "an unknown key at the top": lambda file: file.update(service={}),
    "a volume of the wrong shape": lambda file: file["volumes"].update(files=["local"]),
    "a secret from nowhere known": lambda file: file["secrets"]["secret_key"].update(path="./secret"),
}


def test_the_file_is_what_the_compose_specification_allows():
    assert [f"{list(e.absolute_path)}: {e.message}" for e in SPECIFICATION.iter_errors(COMPOSE)] == []


@pytest.mark.parametrize("what", SPOILED)
def test_a_spoiled_file_would_be_noticed(what):
    spoiled = copy.deepcopy(COMPOSE)
    SPOILED[what](spoiled)
    assert not SPECIFICATION.is_valid(spoiled)


@pytest.mark.parametrize("name", OURS)
def test_a_container_is_started_by_the_command_that_the_supervisor_uses(name):
    assert SERVICES[name]["command"] == [name]
    assert name in PROGRAMS
    assert '"-m", "webcare"]' in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_container_runs_as_root(name):
    assert SERVICES[name]["user"].split(":")[0] not in {"0", "root"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_named_thing_exists(name):
    service = SERVICES[name]
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= set(COMPOSE["volumes"])
    assert set(service.get("depends_on", {})) <= set(SERVICES)


def test_every_secret_comes_from_a_file_and_no_password_has_a_default():
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            secret = re.search("PASSWORD|SECRET|KEY|TOKEN|DATABASE_URL", name)
            assert not secret or (name.endswith("_FILE") and value.startswith("/run/secrets/")), name


@pytest.mark.parametrize("name", ["postgres", "valkey", "worker"])
def test_who_is_depended_on_says_whether_it_is_well(name):
    assert SERVICES[name]["healthcheck"]["test"]


def test_pages_and_workers_wait_for_the_migration():
    for name in ("web", "worker", "beat"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_the_image_runs_as_somebody_and_holds_no_secret():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER webcare" in lines
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    assert {"secrets", "var", ".git"} <= set((ROOT / ".dockerignore").read_text().split())
