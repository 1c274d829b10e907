"""What becomes of an escalation by what people do about it."""

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from program.answers import answers
from program.errors import Refused
from program.escalation import (
    Acknowledge,
    Act,
    AskForTime,
    Delegate,
    Escalation,
    EscalationState,
    LetGo,
    Reassign,
    RecordNextAction,
    ResetPilot,
    Snooze,
    after,
    expired,
    refuse_who_has_it,
    unanswered,
)
from program.ladder import Ladder
from program.partner import Stage

MONDAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
LADDER = Ladder()
STALL = Escalation(
    partner="acme",
    stage=Stage.PILOT,
    condition="three_weeks_without_movement",
    cycle="application-1/pilot-1",
    owner="Ada",
    because="Nothing moved.",
    opened_on=MONDAY,
    opened_at=AT,
    policy="pilot-checkpoint",
    decision=7,
    program="digest",
)
ACKNOWLEDGED = after(STALL, Acknowledge(who="Ada", note="I call them"), LADDER, MONDAY, AT)


def done(act: Act, escalation: Escalation = STALL, today: date = MONDAY) -> Escalation:
    return after(escalation, act, LADDER, today, AT)


def test_an_answer_counts_for_three_business_days() -> None:
    assert (ACKNOWLEDGED.state, ACKNOWLEDGED.until) == (EscalationState.ACKNOWLEDGED, date(2026, 3, 5))
    friday = done(Acknowledge(who="Ada", note="I call them"), today=date(2026, 3, 6))
    assert friday.until == date(2026, 3, 11)


def test_a_next_action_is_an_answer() -> None:
    action = RecordNextAction(who="Max", note="Call Initech", by="Ada", due_on=date(2026, 3, 9))
    assert done(action, ACKNOWLEDGED).state == EscalationState.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (Acknowledge(who="Max", note="No, I do"), "Ada answers for it until 2026-03-05: I call them; delegate"),
        (Snooze(who="Ada", note="Later", until=MONDAY), "it can be put off until 2026-03-30 at most, and at least to"),
        (Snooze(who="Ada", note="Later", until=date(2026, 3, 31)), "2026-03-31 is not between them"),
        (AskForTime(who="Ada", note="Later", until=date(2026, 3, 17)), "it can be given until 2026-03-16 at most"),
    ],
)
def test_what_does_not_apply_is_refused_with_the_reason(act: Act, said: str) -> None:
    with pytest.raises(Refused, match=said):
        done(act, ACKNOWLEDGED)


@pytest.mark.parametrize(
    ("act", "delegate", "owner", "refused"),
    [
        (Delegate(who="Max", note="Yours", to="Ada"), None, "Ada", True),
        (Delegate(who="Max", note="Yours", to="Ada"), "Grace", "Ada", False),
        (Delegate(who="Max", note="Yours", to="Grace"), "Grace", "Ada", True),
        (Delegate(who="Max", note="Yours", to="Ada"), None, "Heidi", False),
        (Reassign(who="Max", note="Yours", to="Ada"), None, "Ada", True),
        (Reassign(who="Max", note="Yours", to="Ada"), None, "Heidi", False),
    ],
)
def test_it_is_given_to_nobody_who_has_it_now(act: Act, delegate: str | None, owner: str, *, refused: bool) -> None:
    escalation = ACKNOWLEDGED.model_copy(update={"delegate": delegate})
    with pytest.raises(Refused, match="has it already; name somebody else") if refused else nullcontext():
        refuse_who_has_it(escalation, act, owner)


@pytest.mark.parametrize("act", [ResetPilot(who="Max", note="Again"), AskForTime(who="A", note="B", until=MONDAY)])
def test_what_has_ended_is_left_alone(act: Act) -> None:
    ended = STALL.model_copy(update={"state": EscalationState.ENDED, "closed_on": MONDAY, "note": "It moved."})
    with pytest.raises(Refused, match=r"ended on 2026-03-02: It moved\."):
        done(act, ended)


@pytest.mark.parametrize(
    ("act", "stage"),
    [
        (ResetPilot(who="Max", note="Again"), Stage.ACTIVE),
        (RecordNextAction(who="Max", note="Call", by="Ada", due_on=MONDAY), Stage.APPLIED),
    ],
)
def test_an_act_takes_the_stage_it_is_for(act: Act, stage: Stage) -> None:
    with pytest.raises(Refused, match=f"acme was {stage} when this was opened"):
        done(act, STALL.model_copy(update={"stage": stage}))


def test_more_time_is_given_once() -> None:
    asked = done(AskForTime(who="Ada", note="The buyer is away", until=date(2026, 3, 9)))
    assert (asked.state, asked.until, asked.extensions) == (EscalationState.SNOOZED, date(2026, 3, 9), 1)
    with pytest.raises(Refused, match="more time was given once already"):
        done(AskForTime(who="Ada", note="Still away", until=date(2026, 3, 10)), asked)


@pytest.mark.parametrize(
    "act", [Delegate(who="Ada", note="Yours", to="Grace"), Reassign(who="A", note="B", to="Grace")]
)
def test_who_gets_it_hears_of_it_from_the_first_rung_on(act: Act) -> None:
    given_away = done(act, ACKNOWLEDGED.model_copy(update={"rung": 3}))
    assert (given_away.state, given_away.round, given_away.rung) == (EscalationState.OPEN, 1, 0)
    assert "Grace" in (given_away.delegate, given_away.owner)


def test_an_answer_expires_unless_something_moves() -> None:
    thursday = date(2026, 3, 5)
    moved = expired(ACKNOWLEDGED, LADDER, thursday, moved=True)
    assert (moved.state, moved.until) == (EscalationState.ACKNOWLEDGED, date(2026, 3, 10))
    still = expired(ACKNOWLEDGED.model_copy(update={"rung": 1}), LADDER, thursday, moved=False)
    assert (still.state, still.round, still.rung, still.until) == (EscalationState.OPEN, 1, 1, None)


ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(Acknowledge, who=st.sampled_from(["Ada", "Max"]), note=st.just("So")),
    st.builds(Snooze, who=st.just("Ada"), note=st.just("So"), until=st.dates(MONDAY, date(2026, 5, 1))),
    st.builds(AskForTime, who=st.just("Ada"), note=st.just("So"), until=st.dates(MONDAY, date(2026, 5, 1))),
    st.builds(Delegate, who=st.just("Ada"), note=st.just("So"), to=st.sampled_from(["Ada", "Max", "Grace"])),
    st.builds(Reassign, who=st.just("Ada"), note=st.just("So"), to=st.sampled_from(["Ada", "Max", "Grace"])),
    st.builds(LetGo, who=st.just("Max"), note=st.just("So")),
)


@given(st.lists(st.tuples(ACTS, st.integers(0, 5)), max_size=12))
def test_whatever_is_done_it_waits_for_somebody_or_for_a_day(acts: list[tuple[Act, int]]) -> None:
    escalation, today, rounds = STALL, MONDAY, 0
    for act, days in acts:
        today += timedelta(days=days)
        if escalation.until and escalation.until <= today:
            escalation = expired(escalation, LADDER, today, moved=False)
        try:
            escalation = after(escalation, act, LADDER, today, AT)
        except Refused:
            continue
        waits = escalation.state in {EscalationState.ACKNOWLEDGED, EscalationState.SNOOZED}
        assert waits == (escalation.until is not None)
        assert escalation.until is None or escalation.until > today
        assert escalation.round >= rounds
        assert escalation.extensions <= LADDER.rules.extensions
        rounds = escalation.round


def test_statistics_count_each_escalation_once_in_every_group() -> None:
    quick = ACKNOWLEDGED.model_copy(update={"answered_at": AT + timedelta(hours=5)})
    slow = ACKNOWLEDGED.model_copy(update={"answered_at": AT + timedelta(hours=30), "owner": "Bob"})
    by_itself = STALL.model_copy(update={"state": EscalationState.ENDED, "closed_on": MONDAY})
    ignored = unanswered(STALL.model_copy(update={"cycle": "pilot-2"}))
    ignored_to_the_end = ignored.model_copy(update={"state": EscalationState.ENDED, "closed_on": MONDAY})
    found = answers([quick, slow, by_itself, ignored, ignored_to_the_end, STALL], {ignored.key})
    everything, ada, bob, *_ = found
    assert everything.model_dump(exclude={"by", "name"}) == {
        "opened": 6,
        "answered": 2,
        "median_hours": 17.5,
        "slowest_hours": 30.0,
        "ended_by_themselves": 1,
        "ignored": 2,
        "waiting": 1,
        "share_ended_by_themselves": 0.167,
        "share_ignored": 0.333,
    }
    assert [(one.by, one.name, one.opened) for one in (ada, bob)] == [("owner", "Ada", 5), ("owner", "Bob", 1)]
    assert {one.by: sum(o.opened for o in found if o.by == one.by) for one in found} == dict.fromkeys(
        ("all", "owner", "stage", "condition"), 6
    )
    assert answers([], set()) == []
