"""What must hold of the image and of the services, checked without Docker."""

import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import NoticeSettings, Settings, TemporalSettings

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
README = (DEPLOY / "README.md").read_text()
ONE_SHOT = {"temporal-schema", "temporal-namespace", "migrate"}
OURS = ["migrate", "worker"]


def variables(text: str) -> set[str]:
    return set(re.findall(r"\$\{([A-Z_]+)", text))


def instructions(name: str) -> list[str]:
    """What follows an instruction of the Dockerfile, with continued lines joined."""
    return re.findall(rf"^{name} (.*)$", DOCKERFILE.replace("\\\n", " "), flags=re.MULTILINE)


def test_two_workers_run_the_worker_module() -> None:
    assert SERVICES["worker"]["deploy"]["replicas"] == 2
    assert SERVICES["worker"]["command"] == ["python", "-m", "worker"]
    assert "container_name" not in SERVICES["worker"]


def test_the_tables_are_there_before_a_worker_is() -> None:
    assert SERVICES["migrate"]["command"] == ["gatehouse", "migrate"]
    waits_for = {name: wait["condition"] for name, wait in SERVICES["worker"]["depends_on"].items()}
    assert waits_for == dict.fromkeys(["migrate", "temporal-namespace"], "service_completed_successfully")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_only_for_what_can_come_true(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        if wait["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert wait["condition"] == "service_completed_successfully"
            assert other in ONE_SHOT


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_published_is_published_to_this_machine_alone(name: str) -> None:
    assert all(str(port).startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_by_a_tag_that_names_a_version(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].partition(":")
    assert re.match(r"\d|\$\{IMAGE_TAG:-\d", tag)


def test_temporal_and_its_tools_are_of_one_version() -> None:
    images = {service["image"] for service in SERVICES.values()}
    assert {f"temporalio/{name}:1.32.0" for name in ("server", "admin-tools")} <= images
    assert len(images) == 5


@pytest.mark.parametrize("name", SERVICES)
def test_what_keeps_running_is_started_again_and_tells_how_it_is(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert service["restart"] in {"no", "on-failure:5"}
    else:
        assert service["restart"] == "unless-stopped"
        assert "healthcheck" in service


@pytest.mark.parametrize("name", ["worker", "temporal", "postgres"])
def test_what_holds_work_is_given_time_to_stop(name: str) -> None:
    assert SERVICES[name]["stop_grace_period"] in {"30s", "1m"}


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_write_to_their_volume_and_nowhere_else(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    environment = service["environment"]
    assert service["volumes"] == [
        f"home:{environment['GATEHOUSE_HOME']}",
        f"${{PROGRAM_FOLDER:-../rules/default}}:{environment['GATEHOUSE_PROGRAM']}:ro",
    ]


@pytest.mark.parametrize("name", SERVICES)
def test_volumes_and_mounted_files_are_there(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = re.sub(r"^\$\{[A-Z_]+:-(.*?)\}", r"\1", volume).split(":")[0]
        assert (DEPLOY / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_passwords_come_from_the_environment(name: str) -> None:
    for key, value in SERVICES[name].get("environment", {}).items():
        if re.search(r"PASSWORD|PWD|DATABASE_URL", key):
            assert re.search(r"\$\{[A-Z_]+_?PASSWORD:-\}", value)


def test_our_settings_are_those_that_are_documented() -> None:
    documented = set(re.findall(r"^\| `(GATEHOUSE_[A-Z_]+)` ", README, flags=re.MULTILINE))
    assert documented
    for name in OURS:
        assert set(SERVICES[name]["environment"]) == documented


def test_our_settings_are_settings_there_are() -> None:
    known = {f"GATEHOUSE_{name}" for name in (*Settings.model_fields, *NoticeSettings.model_fields)}
    known |= {f"GATEHOUSE_TEMPORAL_{name}" for name in TemporalSettings.model_fields}
    assert set(SERVICES["worker"]["environment"]) <= {name.upper() for name in known}


def test_every_variable_is_in_the_example_and_no_value_of_a_secret_is() -> None:
    example = (DEPLOY / ".env.example").read_text()
    named = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, flags=re.MULTILINE))
    passed_on = {key for key, value in SERVICES["worker"]["environment"].items() if value is None}
    assert set(named) == variables((DEPLOY / "compose.yaml").read_text()) | passed_on
    assert {value for name, value in named.items() if re.search(r"PASSWORD|KEY|SECRET|URL", name)} == {""}


def test_the_file_that_holds_secrets_is_in_no_commit_and_no_image() -> None:
    assert ".env" in (DEPLOY / ".gitignore").read_text().splitlines()
    assert (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()[1] == "*"


def test_every_requirement_is_installed_by_its_hash() -> None:
    installs = [
        shlex.split(command)
        for run in instructions("RUN")
        for command in run.split("&&")
        if re.search(r"\bpip install\b", command)
    ]
    assert len(installs) == 3
    for install in installs:
        # What is installed from the checkout brings nothing with it; everything else is pinned by hash.
        assert ("--no-deps" in install) if install[-1] == "." else ("--require-hashes" in install)


def test_the_image_that_runs_has_no_compiler_and_no_root() -> None:
    _, _, last = DOCKERFILE.rpartition("\nFROM ")
    assert len(instructions("FROM")) == 2
    assert "gcc" not in last
    assert "apt-get" not in last
    assert re.search(r"^USER 10001:10001$", last, flags=re.MULTILINE)


def test_a_signal_reaches_the_worker() -> None:
    assert instructions("CMD") == ['["python", "-m", "worker"]']
    assert not instructions("ENTRYPOINT")
    assert SERVICES["worker"]["init"] is True


def test_no_secret_is_baked_into_the_image() -> None:
    assert not instructions("ARG")
    assert not re.search(r"PASSWORD|API_KEY|DATABASE_URL", " ".join(instructions("ENV")))


def test_the_image_holds_every_package_that_is_installed() -> None:
    kept = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    root = DEPLOY.parent
    installed = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"][
        "include"
    ]
    assert {package.removesuffix("*") for package in installed} | {"*.py"} <= kept
    assert all(any(root.glob(name)) for name in kept)


@pytest.mark.parametrize("script", ["postgres/databases.sh", "temporal/schema.sh", "temporal/namespace.sh"])
def test_scripts_stop_at_the_first_thing_that_fails(script: str) -> None:
    assert "\nset -eu\n" in (DEPLOY / script).read_text()
    assert (DEPLOY / script).stat().st_mode & 0o111


def test_databases_are_not_made_without_passwords() -> None:
    script = DEPLOY / "postgres" / "databases.sh"
    environment = {"PATH": "/usr/bin:/bin", "POSTGRES_USER": "postgres", "TEMPORAL_DB_PASSWORD": "secret"}
    run = subprocess.run(["sh", str(script)], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith("GATEHOUSE_DB_PASSWORD is empty; set it in deploy/.env")
