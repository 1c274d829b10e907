"""The gate: what was decided there, and what the program lead is told once it declines nobody any more."""

from datetime import date, datetime

from program.calendar import Quarter
from program.decision import Decision
from program.gate import Open, stopped_declining
from program.notice import Notice
from program.person import OPERATORS
from program.rescore import Terms
from rules.folder import LoadedProgram
from rules.lifecycle import QUALIFICATION
from store.database import Transaction

APPLICATION = "application-"
"""What the purposes of decisions at the gate begin with. Who is qualified anew has passed it before."""


def decided(tx: Transaction, as_of: date) -> list[tuple[int, Decision]]:
    """What was decided about applications up to a day, in order."""
    found = tx.decisions.listed(policy=QUALIFICATION, as_of=as_of)
    return [(number, decision) for number, decision in found if decision.purpose.startswith(APPLICATION)]


def tell_of_the_gate(tx: Transaction, program: LoadedProgram, terms: Terms, at: datetime) -> None:
    """Write to the program lead where the gate has stopped declining; once a quarter, if somebody was signed in it."""
    upto = terms.quarter.last_day  # as the report goes that it names, however late it is re-scored
    stopped = stopped_declining(tx.decisions.outcomes(QUALIFICATION, APPLICATION, upto, terms.known_at))
    if stopped is None or not terms.quarter.contains(stopped.last_on):
        return
    clock = program.program.clock
    lead = tx.people.standing_in(program.program.ladder.rules.lead or OPERATORS, clock.today(at))
    notice = letter(stopped, terms.quarter, lead)
    tx.notices.write(notice, at, program.program.held_until(notice, at, clock))


def letter(stopped: Open, quarter: Quarter, recipient: str) -> Notice:
    """To the program lead: for how long nobody was declined, and where to look."""
    return Notice(
        key=f"gate/rescore-{quarter}",
        kind="team.gate",
        recipient=recipient,
        subject="The gate has stopped declining",
        body=f"{stopped.told}\n- `gatehouse report gate --quarter {quarter}` shows who was signed, and by which rules.",
    )
