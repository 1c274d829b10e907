"""The settings of an installation, from the environment; every name begins with GATEHOUSE_."""

import json
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from notifications.configuration import Addresses
from program.errors import Refused
from rules.folder import DEFAULT_PROGRAM


class TemporalSettings(BaseSettings):
    """Which Temporal to work with: the embedded one unless an address is given."""

    model_config = SettingsConfigDict(env_prefix="GATEHOUSE_TEMPORAL_", extra="ignore")

    address: str | None = None
    """Host and port of a Temporal frontend. Without it, the one that `gatehouse up` runs."""
    namespace: str | None = None
    """Where its workflows are. Without it, `default`, and the installation's own in the embedded one."""
    task_queue: str = "gatehouse"
    api_key: SecretStr | None = None
    tls: bool = False
    tls_server_ca: Path | None = None
    tls_client_cert: Path | None = None
    tls_client_key: Path | None = None


class NoticeSettings(BaseSettings):
    """How people are reached: nobody is, and the log says so, unless one of the channels is given.

    What is secret is given itself or by the name of a file that holds it.
    """

    model_config = SettingsConfigDict(env_prefix="GATEHOUSE_", extra="ignore", env_ignore_empty=True)

    smtp_url: SecretStr | None = None
    """`smtp+starttls://USER:PASSWORD@HOST:587`, `smtps://...` or `smtp://...`."""
    smtp_url_file: Path | None = None
    mail_from: str | None = None
    """Who mail comes from: an address, or a name and an address in angle brackets."""
    slack_url: SecretStr | None = None
    """An incoming webhook, and others as NAME=ADDRESS."""
    slack_url_file: Path | None = None
    webhook_url: SecretStr | None = None
    """Where events are posted."""
    webhook_url_file: Path | None = None
    webhook_secret: SecretStr | None = None
    webhook_secret_file: Path | None = None
    allow_insecure_targets: str = ""
    """Hosts, separated by commas, that may be in our own network and speak without TLS."""

    def addresses(self) -> Addresses:
        """What they say, with the files read.

        Raises:
            Refused: where a file cannot be read, or something is given twice.
        """
        return Addresses(
            smtp=self._secret("smtp_url"),
            mail_from=self.mail_from,
            slack=self._secret("slack_url"),
            webhook=self._secret("webhook_url"),
            webhook_secret=self._secret("webhook_secret"),
            allowed=frozenset(host.strip().lower() for host in self.allow_insecure_targets.split(",") if host.strip()),
        )

    def _secret(self, name: str) -> str | None:
        given: SecretStr | None = getattr(self, name)
        file: Path | None = getattr(self, f"{name}_file")
        variable = f"GATEHOUSE_{name}".upper()
        if file is None:
            return given.get_secret_value() if given else None
        if given:
            raise Refused(f"{variable} and {variable}_FILE are both set; keep one of the two")
        try:
            return file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise Refused(f"{variable}_FILE: {file} cannot be read: {why}") from None


class Settings(BaseSettings):
    """Where things are and how they run."""

    model_config = SettingsConfigDict(env_prefix="GATEHOUSE_", extra="ignore")

    home: Path = Path("var")
    """The one directory that state lives in."""
    database_url: str | None = None
    """`sqlite:///FILE` or `postgresql+psycopg://...`; a SQLite file in the home where nothing is said."""
    program: Path = DEFAULT_PROGRAM
    """The folder of the program that is published where none was yet."""
    log_format: Literal["auto", "json", "terminal"] = "auto"
    """`auto` writes for people in a terminal and JSON elsewhere."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    threads: int = Field(default=8, ge=1, le=200)
    """Activities that one worker runs at once."""
    temporal: TemporalSettings = Field(default_factory=TemporalSettings)
    notices: NoticeSettings = Field(default_factory=NoticeSettings)

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.home.absolute() / 'gatehouse.db'}"

    @property
    def service_file(self) -> Path:
        """Where `gatehouse up` says what it runs, and where."""
        return self.home / "service.json"

    @property
    def temporal_address(self) -> str:
        """The Temporal to work with: the one named, else the one that runs in the home.

        Raises:
            Refused: where there is neither.
        """
        address = self.temporal.address or self._running("temporal")
        if not address:
            raise Refused(
                f"no `gatehouse up` runs in {self.home} (GATEHOUSE_HOME), and GATEHOUSE_TEMPORAL_ADDRESS is not set; "
                "nothing has changed. Start the one or set the other"
            )
        return address

    @property
    def temporal_namespace(self) -> str:
        """The namespace there."""
        embedded = None if self.temporal.address else self._running("namespace")
        return self.temporal.namespace or embedded or "default"

    def _running(self, what: str) -> str | None:
        """What `gatehouse up` says of what it runs."""
        try:
            said = json.loads(self.service_file.read_text()).get(what)
        except (OSError, ValueError, AttributeError):
            return None
        return said if isinstance(said, str) else None
