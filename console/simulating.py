"""`gatehouse simulate`: a CRM export, lived through by the real workflows in virtual time."""

import asyncio
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from console.arguments import RECORD, AsJson, day, examples
from console.installation import read_settings
from console.screen import as_json, heading, progress, say, show, table
from intake.mapping import ImportMap, load_map
from intake.reading import Intake, read_opportunities, read_partners
from program.opportunity import Deal
from program.pilot import Targets
from rules.folder import read_folder
from simulation.assumptions import named
from simulation.report import Life, Report
from simulation.run import Scenario, simulate

app = typer.Typer()

_TARGETS: Final = re.compile(r"^(qualified|progressed)=(\d{1,6})$")


def targets(text: str) -> Targets:
    """Read `qualified=30,progressed=8`."""
    read = [_TARGETS.match(part.strip()) for part in text.split(",")]
    found = {match[1]: int(match[2]) for match in read if match}
    if len(read) != 2 or len(found) != 2:
        raise typer.BadParameter(f"{text!r} are no targets; write both, such as qualified=30,progressed=8")
    return Targets(**found)


@app.command(
    "simulate",
    rich_help_panel=RECORD,
    epilog=examples(
        "simulate --partners teams.csv --opportunities deals.csv --map map.yaml --from 2017-03-01 --to 2017-12-31",
        "simulate ... --targets qualified=30,progressed=8 --timeline anna-snelling",
        "simulate ... --keep simulated",
    ),
)
def simulating(
    partners: Annotated[Path, typer.Option(metavar="FILE", help="The partners, as CSV.")],
    opportunities: Annotated[Path, typer.Option(metavar="FILE", help="Their opportunities, as CSV.")],
    first: Annotated[date, typer.Option("--from", parser=day, metavar="DATE", help="The day the pilots start.")],
    last: Annotated[date, typer.Option("--to", parser=day, metavar="DATE", help="The last day that is lived through.")],
    map_file: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="How the columns are read, and what is assumed.")
    ] = None,
    chosen: Annotated[
        Targets | None,
        typer.Option("--targets", parser=targets, metavar="T", help="Every pilot's, instead of the program's."),
    ] = None,
    timeline: Annotated[
        list[str] | None, typer.Option(metavar="PARTNER", help="Also what happened to this partner; may be repeated.")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            file_okay=False, metavar="DIRECTORY", help="Leave its database there, as a home of its own to read from."
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Live a CRM export through: pilots, verdicts, re-scores, exits. Nothing of the installation is touched.

    Every partner starts a pilot on the first day. What the export does not hold comes from the map's `assume:`, and the
    report names it.
    """
    if keep and keep.exists() and any(keep.iterdir()):
        raise typer.BadParameter(f"{keep} holds something already; name a directory that is new or empty")
    mapping = load_map(map_file) if map_file else ImportMap()
    known = read_partners(partners, mapping if map_file else None)
    ids = {partner.id for partner in known.models}
    deals = read_opportunities(opportunities, mapping if map_file else None, known=ids)
    for name in timeline or []:
        if name not in ids:
            raise typer.BadParameter(f"{name} is not among the partners of {partners}")
    scenario = Scenario(
        known.models, deals.models, first, last, mapping.assume, read_folder(read_settings().program), chosen
    )
    with progress(counted=False) as bar:
        task = bar.add_task("Starting a Temporal server of its own")
        report = asyncio.run(simulate(scenario, lambda doing: bar.update(task, description=doing), keep))
    assumptions = named(mapping.assume, first, chosen)
    if json:
        as_json({**report.model_dump(), "assumptions": assumptions, "rows": _rows(deals)})
    else:
        _show(report, assumptions, deals, timeline or [])
        if keep:
            say(f"Its database is kept: GATEHOUSE_HOME={keep} gatehouse report all")


def _rows(deals: Intake[Deal]) -> dict[str, int]:
    return {"read": deals.read, "used": deals.used, "undated": deals.left_out, "rejected": deals.rejected}


def _show(report: Report, assumptions: list[str], deals: Intake[Deal], timelines: list[str]) -> None:
    stalls = Counter(escalation["partner"] for escalation in report.escalations)
    lives = table(
        ["partner", "verdicts", "stage", "tier", "stalls"],
        [[life.name, _verdicts(life), life.stage, life.tier, stalls[life.id] or None] for life in report.partners],
    )
    quarters = table(
        ["quarter", "tiers", "moves"],
        [[q.quarter, _counted(q.tiers), _counted(q.moves)] for q in report.quarters],
    )
    owners = Counter(escalation["owner"] for escalation in report.escalations)
    show(lives, heading("Re-scores"), quarters)
    for life in report.partners:
        if life.id in timelines:
            events = [[e.date, e.kind, e.outcome, e.rule, e.because] for e in life.events]
            show(heading(life.name), table(["date", "what", "outcome", "rule", "because"], events))
    if owners:
        show(heading("Escalations"), table(["to", "stalled partners"], sorted(owners.items())))
    show(heading("Assumed"), *(f"- {line}" for line in assumptions))
    rows = _rows(deals)
    verdicts = _counted(dict(report.verdicts))
    say(f"\n{len(report.partners)} partners; verdicts: {verdicts or 'none yet'}.")
    say(f"{rows['read']} rows read, {rows['used']} used, {rows['undated']} undated, {rows['rejected']} rejected.")


def _verdicts(life: Life) -> str:
    return ", ".join(f"{e.date} {e.outcome or 'open'}" for e in life.events if e.kind == "verdict")


def _counted(counts: dict[str, Any]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
