"""What is wrong with the rows of a file, listed by line."""

from dataclasses import dataclass, field
from pathlib import Path

from intake.wording import MOST_SHOWN
from program.errors import Refused


@dataclass
class Faults:
    """What was wrong with the rows of a file."""

    path: Path
    rows: int = 0
    count: int = 0
    shown: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, faults: list[str]) -> None:
        """Note everything that is wrong with the row of a line."""
        self.rows += 1
        self.count += len(faults)
        self.shown += [(line, fault) for fault in faults][: MOST_SHOWN - len(self.shown)]

    def refuse_if_any(self, read: int) -> None:
        """Refuse the file, of which so many rows were read, where any row is at fault."""
        if not self.rows:
            return
        more = self.count - len(self.shown)
        raise Refused(
            "\n".join(
                [
                    f"{self.path}: {self.rows} of {read} rows cannot be imported, so nothing was",
                    *(f"{self.path}:{line}: {fault}" for line, fault in sorted(self.shown, key=lambda one: one[0])),
                    *([f"and {more} more faults"] if more else []),
                ]
            )
        )
