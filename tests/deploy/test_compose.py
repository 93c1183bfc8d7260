"""What `docker compose up` runs: whole, consistent, and nothing of it open to the world."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import rebracket
from rebracket.config import Deployment
from rebracket.gateway.arbiter import CLOSE_S, LET_IN_S
from tests import nginx_server, postgres_server, redis_server
from tests.deploy.compose import INSTANCES, PASSWORDS, composed, read
from tests.prometheus_server import DEPLOY, binary
from tests.redis_server import free_port
from tests.small_store import Save

SETTING = "REBRACKET_DEPLOYMENT__"
SECONDS = r"(\d+)s;"


@pytest.fixture(scope="module")
def file() -> dict[str, Any]:
    return composed()


@pytest.fixture(scope="module")
def services(file: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = file["services"]
    return found


def addresses(service: dict[str, Any]) -> list[str]:
    """The fixed ones."""
    networks = [network or {} for network in service["networks"].values()]
    return [network["ipv4_address"] for network in networks if "ipv4_address" in network]


@pytest.mark.parametrize("name", PASSWORDS)
def test_nothing_starts_without_passwords(name: str) -> None:
    run = read(**{other: value for other, value in PASSWORDS.items() if other != name})
    assert run.returncode != 0
    assert "Missing mandatory value" in run.stderr


def test_what_is_mounted_is_there(file: dict[str, Any]) -> None:
    mounts = [one for service in file["services"].values() for one in service.get("volumes", ())]
    sources = {mount.partition(":")[0] for mount in mounts}
    assert sources
    for source in sources:
        assert source in file["volumes"] or Path(source).exists(), source


def test_every_image_is_pinned(services: dict[str, Any]) -> None:
    for name, service in services.items():
        tag = service["image"].partition(":")[2]
        assert re.match(r"v?\d+\.\d+(\.\d+)?", tag), name
    ours = {services[name]["image"] for name in INSTANCES}
    assert ours == {f"rebracket:{rebracket.__version__}"}


@pytest.mark.parametrize("name", INSTANCES)
def test_an_instance_may_write_its_volume_and_nothing_else(
    services: dict[str, Any], name: str
) -> None:
    service = services[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == [f"{name}:/data:rw"]


def test_only_this_machine_reaches_what_is_published(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published.keys() == {"nginx", "prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_nginx_asks_each_instance_and_they_believe_it(services: dict[str, Any]) -> None:
    nginx, instances = services["nginx"], [services[name] for name in INSTANCES]
    asked = re.findall(r"server (\S+):8000 ", nginx["environment"]["REBRACKET_SERVERS"])
    assert asked == [address for one in instances for address in addresses(one)]
    for one in instances:
        assert [one["environment"]["FORWARDED_ALLOW_IPS"]] == addresses(nginx)


def test_prometheus_asks_each_instance() -> None:
    scraped = yaml.safe_load((DEPLOY / "prometheus.compose.yml").read_text())["scrape_configs"]
    targets = [
        target for job in scraped for one in job["static_configs"] for target in one["targets"]
    ]
    assert targets == [f"{name}:8000" for name in INSTANCES]


def test_promtool_agrees(services: dict[str, Any], tmp_path: Path) -> None:
    for mount in services["prometheus"]["volumes"]:
        source, target, _ = mount.split(":")
        if Path(source).is_file():
            (tmp_path / Path(target).name).write_text(Path(source).read_text())
    subprocess.run([binary("promtool"), "check", "config", tmp_path / "prometheus.yml"], check=True)


def test_nginx_agrees(services: dict[str, Any], tmp_path: Path) -> None:
    environment = services["nginx"]["environment"]
    text = nginx_server.render(environment)
    assert "${" not in text
    path = nginx_server.configuration(tmp_path, environment)
    subprocess.run([nginx_server.binary(), "-t", "-p", tmp_path, "-c", path], check=True)


@pytest.mark.parametrize("name", INSTANCES)
def test_an_instance_ends_in_time_and_nginx_notices(services: dict[str, Any], name: str) -> None:
    instance, nginx = services[name], services["nginx"]["environment"]
    notice = float(instance["environment"][f"{SETTING}API__NOTICE_S"])
    drain = Deployment().api.drain_s
    assert (
        float(instance["stop_grace_period"].removesuffix("s")) > notice + LET_IN_S + drain + CLOSE_S
    )
    (kept,) = re.findall(f"keepalive_timeout {SECONDS}", nginx_server.render(nginx))
    failed = re.findall(f"fail_timeout={SECONDS}", nginx["REBRACKET_SERVERS"])
    assert max(map(float, (kept, *failed))) + 1 < notice


def test_bodies_and_headers_may_be_as_long_as_the_service_reads(services: dict[str, Any]) -> None:
    text, api = nginx_server.render(services["nginx"]["environment"]), Deployment().api
    assert f"client_max_body_size {api.max_multipart_bytes // 2**20}m;" in text
    assert f"large_client_header_buffers 4 {api.max_header_bytes // 2**10}k;" in text


@pytest.mark.parametrize("name", INSTANCES)
def test_the_settings_pass_their_own_check(
    services: dict[str, Any], name: str, save: Save, tmp_path: Path
) -> None:
    """With a PostgreSQL and a Redis in the places of the composed ones."""
    save("1.0.0")
    with (
        postgres_server.running() as postgres,
        redis_server.running(tmp_path, free_port()) as redis,
    ):
        here = {
            "postgresql://rebracket:PasswordOfPostgres@postgres/rebracket": postgres.create("keys"),
            "redis://redis:6379/0": redis,
        }
        settings = services[name]["environment"]
        assert here.keys() <= set(settings.values())
        moved = {variable: here.get(value, value) for variable, value in settings.items()}
        moved[f"{SETTING}API__PORT"] = str(free_port())
        command = [sys.executable, "-m", "rebracket.cli", "config", "check"]
        run = subprocess.run(
            command, env=os.environ | moved, capture_output=True, text=True, check=False
        )
    assert run.returncode == 0, run.stderr
