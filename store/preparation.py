"""What a pilot is prepared and kept moving with: mapped accounts, joint plays, next actions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from program.pack import AgreedAction
from store.among import among
from store.columns import Row
from store.doubt import doubt
from store.tables import AccountRow, NextActionRow, PlayRow
from store.writing import add_new


class Preparation:
    """Accounts, plays and next actions by partner. Recording one twice changes nothing."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def map_accounts(self, partner: str, names: Iterable[str], day: date) -> int:
        """Add accounts mapped with a partner; how many are new."""
        return self._add(
            AccountRow,
            partner,
            [{"partner": partner, "name": name, "mapped_on": day} for name in dict.fromkeys(names)],
        )

    def agree_play(self, partner: str, name: str, trigger: str, outcome: str, day: date) -> int:
        values = {"partner": partner, "name": name, "trigger": trigger, "outcome": outcome, "agreed_on": day}
        return self._add(PlayRow, partner, [values])

    def record_next_action(self, partner: str, what: str, who: str, due_on: date, day: date) -> int:
        values = {"partner": partner, "what": what, "due_on": due_on, "who": who, "recorded_on": day}
        return self._add(NextActionRow, partner, [values])

    def actions(self, partners: Iterable[str]) -> dict[str, list[AgreedAction]]:
        """What was agreed with each of some partners, by the day it is due."""
        found: dict[str, list[AgreedAction]] = {partner: [] for partner in partners}
        query = select(NextActionRow).where(among(self._session, NextActionRow.partner, found))
        for row in self._session.scalars(query.order_by(NextActionRow.due_on, NextActionRow.what)):
            action = AgreedAction(
                what=row.what, who=row.who, due_on=row.due_on, agreed_on=row.recorded_on, done_on=row.done_on
            )
            found[row.partner].append(action)
        return found

    def finish(self, partner: str, what: str, day: date) -> bool:
        """Note that the first action of a name that is not done yet was; whether there was one."""
        open_ones = select(NextActionRow).where(
            NextActionRow.partner == partner, NextActionRow.what == what, NextActionRow.done_on.is_(None)
        )
        row = self._session.scalars(open_ones.order_by(NextActionRow.due_on).limit(1)).first()
        if row is None:
            return False
        row.done_on = day
        doubt(self._session, [partner])
        return True

    def _add(self, row: type[Row], partner: str, values: Sequence[Mapping[str, Any]]) -> int:
        added = add_new(self._session, row, values)
        if added:
            doubt(self._session, [partner])
        return added

    def last_recorded(self, partner: str, as_of: date) -> date | None:
        """The last day, up to one, on which anything was recorded for a partner; None where nothing was."""
        days = [
            self._session.scalar(select(func.max(day)).where(of == partner, day <= as_of))
            for of, day in (
                (AccountRow.partner, AccountRow.mapped_on),
                (PlayRow.partner, PlayRow.agreed_on),
                (NextActionRow.partner, NextActionRow.recorded_on),
            )
        ]
        return max((day for day in days if day), default=None)

    def counts(self, partner: str, as_of: date) -> tuple[int, int, bool]:
        """As of a day: how many accounts are mapped, how many plays agreed, and whether a next action is open still."""
        accounts = select(func.count()).where(AccountRow.partner == partner, AccountRow.mapped_on <= as_of)
        plays = select(func.count()).where(PlayRow.partner == partner, PlayRow.agreed_on <= as_of)
        actions = select(func.count()).where(
            NextActionRow.partner == partner, NextActionRow.recorded_on <= as_of, NextActionRow.due_on >= as_of
        )
        actions = actions.where(or_(NextActionRow.done_on.is_(None), NextActionRow.done_on > as_of))
        counted = select(*(count.scalar_subquery() for count in (accounts, plays, actions)))
        mapped, agreed, due = self._session.execute(counted).one()
        return mapped, agreed, bool(due)
