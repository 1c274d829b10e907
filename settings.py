"""The settings of an installation, from the environment; every name begins with GATEHOUSE_."""

import json
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from rules.folder import DEFAULT_PROGRAM


class TemporalSettings(BaseSettings):
    """Which Temporal to work with: the embedded one unless an address is given."""

    model_config = SettingsConfigDict(env_prefix="GATEHOUSE_TEMPORAL_", extra="ignore")

    address: str | None = None
    """Host and port of a Temporal frontend. Without it, the one that `gatehouse up` runs."""
    namespace: str = "default"
    task_queue: str = "gatehouse"
    api_key: SecretStr | None = None
    tls: bool = False
    tls_server_ca: Path | None = None
    tls_client_cert: Path | None = None
    tls_client_key: Path | None = None


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

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.home.absolute() / 'gatehouse.db'}"

    @property
    def service_file(self) -> Path:
        """Where `gatehouse up` says what it runs, and where."""
        return self.home / "service.json"

    @property
    def temporal_address(self) -> str:
        """The Temporal to work with: the one named, else the one that runs in the home, else the usual port."""
        if self.temporal.address:
            return self.temporal.address
        try:
            return str(json.loads(self.service_file.read_text())["temporal"])
        except (OSError, ValueError, KeyError):
            return "127.0.0.1:7233"
