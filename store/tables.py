"""The tables. A row is the second shape of a thing; the first is its model in `program`.

Dates are the program's days, instants are UTC. Money is stored as whole cents.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from store.columns import Row, Scaled


class InstallationRow(Row):
    """What tells this installation from every other. There is one row."""

    __tablename__ = "installation"

    only: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(32))


class ProgramRow(Row):
    """A published version of a program: its files, under the digest of their content. Only a withdrawal is added."""

    __tablename__ = "programs"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str]
    files: Mapped[dict[str, Any]]
    """File name to text."""
    cases: Mapped[dict[str, Any]]
    """The same of the cases that prove it, which are not part of the digest."""
    effective_on: Mapped[date]
    published_by: Mapped[str]
    note: Mapped[str]
    published_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    withdrawn_because: Mapped[str | None]


class PartnerRow(Row):
    """A partner and where it stands."""

    __tablename__ = "partners"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    type: Mapped[str]
    region: Mapped[str]
    owner: Mapped[str]
    owner_manager: Mapped[str]
    email: Mapped[str | None]
    stage: Mapped[str]
    """Not indexed: SQLite would sort everybody of a stage anew for each page of a walk by ID."""
    since: Mapped[date | None]
    application: Mapped[int]
    tier: Mapped[str | None]
    at_risk: Mapped[bool]
    next_date: Mapped[date | None]
    added_at: Mapped[datetime]


class StageMoveRow(Row):
    """One move between stages. The key says what moved it, so that a retry moves nothing twice."""

    __tablename__ = "stage_moves"
    __table_args__ = (UniqueConstraint("partner", "key"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    partner: Mapped[str] = mapped_column(ForeignKey("partners.id"), index=True)
    key: Mapped[str]
    came_from: Mapped[str]
    went_to: Mapped[str]
    tier: Mapped[str | None]
    """The one it has from then on, until a re-score moves it."""
    day: Mapped[date]
    because: Mapped[str]
    recorded_at: Mapped[datetime]


class ScorecardRow(Row):
    """A scorecard as it was submitted."""

    __tablename__ = "scorecards"

    partner: Mapped[str] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    application: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    reviewer: Mapped[str]
    submitted_on: Mapped[date]
    content: Mapped[dict[str, Any]]
    learned_at: Mapped[datetime]


class OpportunityRow(Row):
    """An opportunity as it was known from one instant until another.

    An import that says something new ends the old row and adds one: what was known earlier stays known.
    """

    __tablename__ = "opportunities"
    __table_args__ = (
        Index("ix_opportunities_known", "partner", "created_on"),
        Index(
            "uq_opportunities_current",
            "id",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
    )

    row: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str]
    partner: Mapped[str | None] = mapped_column(ForeignKey("partners.id"))
    """None of a direct deal. One table for both, so that a deal is never in two."""
    account: Mapped[str]
    created_on: Mapped[date]
    qualified_on: Mapped[date | None]
    progressed_on: Mapped[date | None]
    submitted_on: Mapped[date | None]
    answered_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    won: Mapped[bool | None]
    value: Mapped[Decimal | None] = mapped_column(Scaled(2))
    mutual: Mapped[bool | None]
    source: Mapped[str]
    learned_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]
    handed_over_to: Mapped[str | None]
    """Who looks after it since its partner left."""


class PilotRow(Row):
    """A pilot and the terms it was agreed on."""

    __tablename__ = "pilots"

    partner: Mapped[str] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    application: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    started_on: Mapped[date]
    terms: Mapped[dict[str, Any]]
    ended_on: Mapped[date | None]
    verdict: Mapped[str | None]


class AccountRow(Row):
    """An account that a partner and we have mapped together."""

    __tablename__ = "accounts"

    partner: Mapped[str] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    mapped_on: Mapped[date]


class PlayRow(Row):
    """A joint play: what triggers it, and what it is to lead to."""

    __tablename__ = "plays"

    partner: Mapped[str] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    trigger: Mapped[str]
    outcome: Mapped[str]
    agreed_on: Mapped[date]


class NextActionRow(Row):
    """A next action that somebody took on, and by when."""

    __tablename__ = "next_actions"

    partner: Mapped[str] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    due_on: Mapped[date] = mapped_column(primary_key=True)
    who: Mapped[str]
    recorded_on: Mapped[date]
    done_on: Mapped[date | None]


class TouchRow(Row):
    """A touch of a service level that was delivered."""

    __tablename__ = "touches"

    partner: Mapped[str] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    delivered_on: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    who: Mapped[str] = mapped_column(primary_key=True)
    note: Mapped[str]
    learned_at: Mapped[datetime]


class ServiceOverrideRow(Row):
    """A service that a partner receives in place of its tier's, until a day."""

    __tablename__ = "service_overrides"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    partner: Mapped[str] = mapped_column(ForeignKey("partners.id"), index=True)
    tier: Mapped[str]
    first: Mapped[date]
    until: Mapped[date]
    reason: Mapped[str]
    granted_by: Mapped[str]
    granted_at: Mapped[datetime]


class FactRow(Row):
    """A fact about a partner: the day it is true of, and the instant we learned it."""

    __tablename__ = "facts"
    __table_args__ = (UniqueConstraint("partner", "name", "true_of", "source"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    partner: Mapped[str] = mapped_column(ForeignKey("partners.id"), index=True)
    name: Mapped[str]
    value: Mapped[Any] = mapped_column(JSON)
    true_of: Mapped[date]
    learned_at: Mapped[datetime]
    source: Mapped[str]


class DecisionRow(Row):
    """A decision at its place in the ledger. Rows are added and never changed; the first for a key stays the only one.

    The record is the decision. `previous` and `hash` chain it to the one before; the other columns are its index.
    """

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("partner", "policy", "as_of", "purpose"),)

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    record: Mapped[str]
    partner: Mapped[str] = mapped_column(ForeignKey("partners.id"))
    policy: Mapped[str]
    policy_version: Mapped[int]
    program: Mapped[str] = mapped_column(ForeignKey("programs.digest"))
    purpose: Mapped[str]
    as_of: Mapped[str] = mapped_column(String(10))
    """Written YYYY-MM-DD, as it is in the record: it is compared and never read."""
    known_at: Mapped[datetime]
    outcome: Mapped[str | None]
    rule: Mapped[str | None]


class RescoreRow(Row):
    """One quarter's re-score: begun, then published as a whole."""

    __tablename__ = "rescores"

    quarter: Mapped[str] = mapped_column(String(6), primary_key=True)
    as_of: Mapped[date]
    known_at: Mapped[datetime]
    program: Mapped[str] = mapped_column(ForeignKey("programs.digest"))
    away: Mapped[list[Any]] = mapped_column(JSON)
    """Who was known to be away in the quarter after it, when it began."""
    scored_by: Mapped[str] = mapped_column(ForeignKey("programs.digest"))
    """The program in force on the quarter's first day: whose weights it is scored by."""
    scored_before: Mapped[str] = mapped_column(ForeignKey("programs.digest"))
    """The one of the quarter before; where it weighs otherwise, the quarter is scored both ways."""
    published_at: Mapped[datetime | None]


class ScoreRow(Row):
    """A partner's quarter in a re-score: its facts and score, its place in the cut, and its move."""

    __tablename__ = "scores"
    __table_args__ = (Index("ix_scores_turn", "quarter", "turn"),)

    quarter: Mapped[str] = mapped_column(ForeignKey("rescores.quarter"), primary_key=True)
    partner: Mapped[str] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    segment: Mapped[list[str]] = mapped_column(JSON)
    facts: Mapped[dict[str, Any]]
    quarters_active: Mapped[int]
    score: Mapped[dict[str, Any] | None]
    rank: Mapped[int | None]
    turn: Mapped[int | None]
    best_rank: Mapped[int | None]
    worst_rank: Mapped[int | None]
    cut_tier: Mapped[str | None]
    tier_at_best: Mapped[str | None]
    short: Mapped[Decimal | None] = mapped_column(Scaled(4))
    move: Mapped[str | None]
    came_from: Mapped[str | None]
    tier: Mapped[str | None]
    quarters_below: Mapped[int | None]
    quarters_inactive: Mapped[int | None]
    decision: Mapped[int | None] = mapped_column(ForeignKey("decisions.number"))


class EscalationRow(Row):
    """A stall that somebody has to hear of: opened once for each partner, stage, condition and cycle."""

    __tablename__ = "escalations"
    __table_args__ = (
        # Every worker asks for them every second, among all there ever were.
        Index(
            "ix_escalations_doubted",
            "key",
            sqlite_where=text("doubts > looked"),
            postgresql_where=text("doubts > looked"),
        ),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    partner: Mapped[str] = mapped_column(ForeignKey("partners.id"), index=True)
    stage: Mapped[str]
    condition: Mapped[str]
    cycle: Mapped[str]
    owner: Mapped[str]
    because: Mapped[str]
    advice: Mapped[str]
    opened_on: Mapped[date]
    opened_at: Mapped[datetime]
    policy: Mapped[str]
    decision: Mapped[int]
    program: Mapped[str]
    state: Mapped[str]
    round: Mapped[int]
    rung: Mapped[int]
    until: Mapped[date | None]
    delegate: Mapped[str | None]
    extensions: Mapped[int]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    note: Mapped[str | None]
    closed_on: Mapped[date | None]
    doubts: Mapped[int] = mapped_column(default=0)
    """How often something came in that may have ended it."""
    looked: Mapped[int] = mapped_column(default=0)
    """How many of these times were looked at."""


class EscalationEventRow(Row):
    """What happened to an escalation, in order."""

    __tablename__ = "escalation_events"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(ForeignKey("escalations.key"), index=True)
    at: Mapped[datetime]
    what: Mapped[str]
    who: Mapped[str]
    note: Mapped[str]


class PersonRow(Row):
    """Somebody on our side who hears of partners, by the name that partners name them by."""

    __tablename__ = "people"

    name: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str | None]
    slack_member: Mapped[str | None]
    slack_channel: Mapped[str | None]


class AbsenceRow(Row):
    """A time in which somebody is away, and who stands in."""

    __tablename__ = "absences"

    person: Mapped[str] = mapped_column(primary_key=True)
    first: Mapped[date] = mapped_column(primary_key=True)
    last: Mapped[date]
    stand_in: Mapped[str]


class NoticeRow(Row):
    """The outbox: what somebody has to be told, written in the transaction of what it reports."""

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_state", "state", "due_at"),
        Index("ix_notices_recipient", "recipient", "state"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    partner: Mapped[str | None] = mapped_column(ForeignKey("partners.id"), index=True)
    recipient: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    thread: Mapped[str]
    channels: Mapped[list[str]] = mapped_column(JSON)
    expected: Mapped[str]
    answer_by: Mapped[str]
    written_at: Mapped[datetime]
    state: Mapped[str]
    due_at: Mapped[datetime | None]
    """Not to be taken up before; whoever takes it up moves this, so that nobody else does meanwhile."""
    tries: Mapped[int]
    trying_since: Mapped[datetime | None]
    """Since when it is tried, so that trying has an end."""
    reason: Mapped[str]
    """Why nobody takes it, of one that was given up; why it is not sent, of one that is superseded."""
    delivered_at: Mapped[datetime | None]
    digest: Mapped[str | None] = mapped_column(index=True)
    """The key of the digest that it is told in."""
    alone: Mapped[bool]
    """Whether somebody asked for it by name: then no digest takes it."""
    in_hand: Mapped[bool]
    """Whether somebody has taken it up, and has not said what came of it: then it may have arrived."""


class AttemptRow(Row):
    """One try to send a notice by one channel."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    notice: Mapped[str] = mapped_column(ForeignKey("notices.key"), index=True)
    channel: Mapped[str]
    address: Mapped[str]
    at: Mapped[datetime]
    outcome: Mapped[str]
    reason: Mapped[str]
