"""Publishing a program: a version that decides from a day on, and is never changed."""

from datetime import date, datetime

from program.publication import Publication
from rules.folder import LoadedProgram
from store.database import Store

FIRST_START = "first start"


def publish_first(store: Store, program: LoadedProgram, today: date, now: datetime) -> None:
    """Publish the program of a first start, from today on. Where any was published, nothing changes."""
    with store.write() as tx:
        tx.programs.alone()
        if not tx.programs.listed():
            tx.programs.publish(
                Publication(
                    version=program.program.version,
                    digest=program.digest,
                    name=program.program.program,
                    effective_on=today,
                    published_by="worker",
                    note=FIRST_START,
                    published_at=now,
                ),
                program.files,
                program.cases,
            )
