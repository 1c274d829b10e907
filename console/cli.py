"""The command line: `gatehouse`, put together from its parts.

Exit codes: 0 where something was done, 1 where it was refused or failed, 2 where the command was not understood, and
130 after Ctrl-C. A refusal is one message on standard error that says what was wrong, where, and what to do.
"""

import os
from typing import Any

import typer
from typer.core import TyperGroup

import logs
from console import (
    decisions,
    digest,
    escalations,
    explaining,
    importing,
    lifecycle,
    notices,
    packs,
    partners,
    people,
    pilots,
    plan,
    program,
    reports,
    requalifying,
    roster,
    rules,
    scorecards,
    service,
    simulating,
    touches,
    tracing,
)
from console.arguments import BEGIN, PARTNERS, RECORD, RULES
from console.installation import read_settings
from console.screen import complain, remark, say
from program.errors import Refused
from rules.decision.decide import Disagreement
from store.database import Store

INTERRUPTED = 130


def _plainly(said: str) -> str:
    """What pydantic says of an argument, as we would say it."""
    if said.startswith("Input should be a valid integer"):
        return "a whole number has to stand here"
    return said.removeprefix("Value error, ")


class Commands(TyperGroup):
    """Turns what an operator can mend into one message."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _plainly(error.message)
            raise
        except (Refused, Disagreement) as error:
            complain(error)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=Commands,
    help="Runs a partner program: declarative rules decide, durable workflows carry each partner through.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def quietly() -> None:
    """Say only what was asked for, unless the settings name a level of their own."""
    settings = read_settings()
    logs.configure(settings, settings.log_level if "log_level" in settings.model_fields_set else "error")


@app.command(rich_help_panel=BEGIN)
def migrate() -> None:
    """Bring the database up to date, or make it. What is up to date stays as it is."""
    store = Store(read_settings().database)
    try:
        store.migrate()
        say(f"{store} is up to date.")
    finally:
        store.close()


app.add_typer(service.app)
app.add_typer(importing.app, name="import", rich_help_panel=BEGIN)
app.add_typer(lifecycle.app)
app.add_typer(scorecards.app, name="scorecard", rich_help_panel=PARTNERS)
app.add_typer(pilots.app, name="pilot", rich_help_panel=PARTNERS)
app.add_typer(partners.app, name="partner", rich_help_panel=PARTNERS)
app.add_typer(touches.app)
app.add_typer(people.app, name="people", rich_help_panel=PARTNERS)
app.add_typer(plan.app, name="plan", rich_help_panel=PARTNERS)
app.add_typer(roster.app)
roster.roster_app.add_typer(tracing.app)
roster.roster_app.add_typer(packs.app)
roster.roster_app.add_typer(requalifying.app)
app.add_typer(roster.roster_app, name="roster", rich_help_panel=RECORD)
app.add_typer(decisions.app, name="decisions", rich_help_panel=RECORD)
app.add_typer(explaining.app)
app.add_typer(escalations.app, name="escalations", rich_help_panel=RECORD)
app.add_typer(digest.app)
app.add_typer(notices.app, name="notices", rich_help_panel=RECORD)
app.add_typer(reports.app, name="report", rich_help_panel=RECORD)
app.add_typer(simulating.app)
app.add_typer(program.app, name="program", rich_help_panel=RULES)
app.add_typer(rules.app, name="rules", rich_help_panel=RULES)


def main() -> None:
    """Run one command."""
    try:
        app()
    except SystemExit as ended:
        logs.end(ended.code if isinstance(ended.code, int) else 0)
    except Exception as bug:
        if os.environ.get("GATEHOUSE_LOG_LEVEL", "").lower() == "debug":
            raise
        remark(f"error: this should not have happened: {type(bug).__name__}: {bug}")
        remark("GATEHOUSE_LOG_LEVEL=debug shows where; please report it with that.")
        logs.end(1)


if __name__ == "__main__":
    main()
