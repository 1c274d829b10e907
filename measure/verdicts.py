"""A separate calculation of pilot verdicts over a CRM export, to hold a simulation against.

It shares nothing with Gatehouse: plain dictionaries, and the definition of a pilot written down once more. For an
export in the shape of Maven Analytics' "CRM Sales Opportunities".

    python measure/verdicts.py sales_teams.csv sales_pipeline.csv --from 2017-03-01 --to 2017-12-31 \
        --qualified 30 --progressed 8 [--against report.json]
"""

import argparse
import csv
import json
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

PILOT = timedelta(days=60)
Deal = dict[str, str]


def counted(deals: list[Deal], start: date) -> tuple[int, int]:
    """How many deals were engaged in a pilot, and how many of those were won in it."""
    end = (start + PILOT).isoformat()
    engaged = [d for d in deals if d["engage_date"] and start.isoformat() <= d["engage_date"] < end]
    won = [d for d in engaged if d["deal_stage"] == "Won" and d["close_date"] < end]
    return len(engaged), len(won)


def verdicts(deals: list[Deal], first: date, last: date, qualified: int, progressed: int) -> list[tuple[str, str]]:
    """Day and verdict of each pilot of one partner; a first miss is followed by another 60 days."""
    found = []
    start = first
    for miss in ("reset", "exit"):
        day = start + PILOT
        if day > last:
            break
        engaged, won = counted(deals, start)
        met = engaged >= qualified and won >= progressed and engaged >= 1
        found.append((day.isoformat(), "expand" if met else miss))
        if met:
            break
        start = day
    return found


def main() -> None:
    """Print each partner's verdicts, and where a report says something else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("partners", type=Path)
    parser.add_argument("opportunities", type=Path)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
    parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True)
    parser.add_argument("--qualified", type=int, required=True)
    parser.add_argument("--progressed", type=int, required=True)
    parser.add_argument("--against", type=Path, help="a report of `gatehouse simulate --json`")
    asked = parser.parse_args()

    with asked.partners.open(newline="") as file:
        names = [row["sales_agent"] for row in csv.DictReader(file)]
    with asked.opportunities.open(newline="") as file:
        rows = list(csv.DictReader(file))
    own = {
        name: verdicts(
            [row for row in rows if row["sales_agent"] == name],
            asked.first,
            asked.last,
            asked.qualified,
            asked.progressed,
        )
        for name in names
    }
    for name, found in own.items():
        sys.stdout.write(f"{name:24}{', '.join(f'{day} {verdict}' for day, verdict in found)}\n")
    if asked.against:
        sys.exit(_differences(own, json.loads(asked.against.read_text())))


def _differences(own: dict[str, list[tuple[str, str]]], report: dict[str, Any]) -> int:
    theirs = {
        life["name"]: [(e["date"], e["outcome"]) for e in life["events"] if e["kind"] == "verdict"]
        for life in report["partners"]
    }
    different = [name for name in own | theirs if own.get(name) != theirs.get(name)]
    for name in different:
        sys.stdout.write(f"DIFFERENT {name}: {own.get(name)} here, {theirs.get(name)} in the report\n")
    sys.stdout.write(f"{len(own) - len(different)} of {len(own)} partners agree\n")
    return 1 if different else 0


if __name__ == "__main__":
    main()
