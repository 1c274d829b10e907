"""What a CRM does not hold and a simulation has to assume; each is named in its report."""

from collections.abc import Iterable
from datetime import date

from intake.mapping import Assumptions
from program.figures import value
from program.opportunity import Deal, Opportunity
from program.pilot import Targets


def with_mutual_work(deals: Iterable[Deal], assumed: bool | None) -> list[Deal]:
    """The deals, with what is assumed of partners' where nobody said whether both sides worked them."""
    return [
        deal.model_copy(update={"mutual": assumed}) if isinstance(deal, Opportunity) and deal.mutual is None else deal
        for deal in deals
    ]


def named(assumed: Assumptions, first_day: date, targets: Targets | None) -> list[str]:
    """Every assumption, in words."""
    if assumed.scorecard:
        ratings = ", ".join(f"{name} {rated.rating}" for name, rated in assumed.scorecard.ratings.items())
        facts = "".join(f", {name} {value(name, known)}" for name, known in assumed.scorecard.facts.items())
        against = [name for name, answer in assumed.scorecard.screening.items() if answer]
        said = f"Every partner applied on {first_day} with the scorecard of the map: {ratings}{facts}; "
        lines = [said + (f"against it: {', '.join(against)}." if against else "nothing against it.")]
    else:
        lines = [f"No scorecard is assumed: every partner was signed before, and its pilot began on {first_day}."]
    if targets:
        lines.append(
            f"Every pilot was to show {targets.qualified} qualified opportunities, {targets.progressed} of them "
            "progressed, whatever the program says for its type."
        )
    if assumed.mutual is not None:
        lines.append(
            f"Where the export does not say it, both sides {'worked' if assumed.mutual else 'did not work'} a deal."
        )
    if assumed.accounts is not None:
        lines.append(f"Every partner had {assumed.accounts} mapped accounts from the first day.")
    if assumed.plays is not None:
        lines.append(f"Every partner had agreed on {assumed.plays} joint plays from the first day.")
    if assumed.next_actions is not None:
        lines.append(f"At every checkpoint a next action {'was' if assumed.next_actions else 'was not'} recorded.")
    lines += [
        "Fixes after a reset are agreed on the day of the verdict: the next 60 days start then.",
        "Nobody answers an escalation, and the weekly look for silent partners outside a pilot does not take place.",
    ]
    return lines
