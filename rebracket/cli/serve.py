"""`rebracket serve`."""

from datetime import timedelta
from pathlib import Path

import click

import rebracket
from rebracket.cli.common import fails_in_one_line
from rebracket.config import Api, Deployment, load_settings
from rebracket.errors import ConfigError
from rebracket.gateway.port import claimed

SERVICE = "service:Rebracket"
DEMO = "demo"
DEMO_LIFETIME = timedelta(days=7)


@click.command(epilog="Example: rebracket --config config.yaml serve")
@click.option(
    "--demo-key",
    is_flag=True,
    help="First print the address and a new key named 'demo', instead of the last one.",
)
@fails_in_one_line
def serve(demo_key: bool) -> None:
    """Serve the models that the settings name."""
    deployment = load_settings().deployment
    with claimed(deployment.api) as claim:
        _look(deployment)
        folder = _service_folder()
        _open_stores(deployment)
        if demo_key and deployment.auth.enabled:
            click.echo(_demo_hint(deployment), err=True)
        from rebracket.gateway import arbiter

        arbiter.serve(SERVICE, str(folder), claim)


def _service_folder() -> Path:
    """Where `service.py` lies: the checkout, or beside the installed package."""
    folder = Path(rebracket.__file__).parent.parent
    if not (folder / "service.py").is_file():
        raise ConfigError(f"service.py is not in {folder}: run from a checkout or a Bento")
    return folder


def _look(deployment: Deployment) -> None:
    """Fail with a line for each thing that would stop a worker."""
    from rebracket.preflight import look

    findings = look(deployment)
    for warning in findings.warnings:
        click.echo(f"rebracket: warning: {warning}", err=True)
    if findings.problems:
        raise ConfigError(*findings.problems)


def _open_stores(deployment: Deployment) -> None:
    """Fail in one line here, not in every worker."""
    from rebracket.gateway.key_store import KeyStore
    from rebracket.gateway.limits.limiter import open_storage

    if deployment.auth.enabled:
        KeyStore.open(deployment.auth.store).close()
    if deployment.rate_limit.enabled:
        open_storage(deployment.rate_limit).close()


def _demo_hint(deployment: Deployment) -> str:
    """Address and a new demo key, as the lines of shell that the README's examples build on."""
    from rebracket.gateway.key_records import now
    from rebracket.gateway.key_store import KeyStore
    from rebracket.gateway.keys import SCOPES

    store = KeyStore.open(deployment.auth.store)
    for record in store.list():
        if record.name == DEMO and record.state(now()) == "active":
            store.revoke(record.id)
    scopes = tuple(scope for scope in SCOPES if scope != "admin")
    key = store.create(DEMO, scopes, lifetime=DEMO_LIFETIME).key
    store.close()
    return (
        f"A key to try it with, for {DEMO_LIFETIME.days} days:\n\n"
        f"  export REBRACKET_URL={local_url(deployment.api)}\n"
        f"  export REBRACKET_API_KEY={key}\n"
    )


def local_url(api: Api) -> str:
    """Where callers on this machine find what listens there."""
    of_all = {4: "127.0.0.1", 6: "::1"}
    host = of_all[api.host.version] if api.host.is_unspecified else str(api.host)
    return f"http://[{host}]:{api.port}" if ":" in host else f"http://{host}:{api.port}"
