"""How long `make up` takes to the first recorded decision: in this checkout, or from a fresh clone of it.

python -m measure.first_decision [--fresh-clone] [--runs 3]
"""

import argparse
import os
import signal
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

LONGEST = 600


def decisions(database: Path) -> int:
    """How many decisions are recorded, without getting in anybody's way."""
    if not database.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM decisions").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # the tables are not there yet


def seconds_to_first_decision(checkout: Path, home: Path) -> float:
    """Run `make up` in a checkout until something is decided."""
    environment = {**os.environ, "GATEHOUSE_HOME": str(home)}
    began = time.monotonic()
    with subprocess.Popen(
        ["make", "up"],  # noqa: S607 -- the command a newcomer types
        cwd=checkout,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            while not decisions(home / "gatehouse.db"):
                if process.poll() is not None or time.monotonic() - began > LONGEST:
                    raise SystemExit("`make up` decided nothing; run it by hand to see why")
                time.sleep(0.05)
            return time.monotonic() - began
        finally:
            os.killpg(process.pid, signal.SIGINT)


def main() -> None:
    """Print the seconds of each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fresh-clone", action="store_true", help="clone into a new directory first; one run")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    here = Path(__file__).resolve().parent.parent
    for number in range(1 if asked.fresh_clone else asked.runs):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            checkout = here
            if asked.fresh_clone:
                checkout = Path(folder) / "clone"
                subprocess.run(["git", "clone", "-q", str(here), str(checkout)], check=True)  # noqa: S603, S607
            print(f"run {number + 1}: {seconds_to_first_decision(checkout, Path(folder) / 'home'):.1f} s")


if __name__ == "__main__":
    main()
