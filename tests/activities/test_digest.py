"""Many stalls at once: one message to each who has to hear of them, and none of them is lost or told twice."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from activities.digest import MOST_LINES, OPENS_EACH
from activities.sending import LEASE
from notifications.channel import Down, Permanent
from program.escalation import Escalation, EscalationState
from program.notice import ChannelName, Notice, NoticeState
from program.partner import Stage
from store.notices import Notices
from tests.activities.conftest import Office, at, day
from tests.activities.test_delivery import Way, posting, programmed, sender
from tests.world import a_partner

SINCE = day(20)
SILENT = "No opportunity of this partner has moved for longer than its tier allows."
OVERDUE = "The application has been waiting for its scorecard for too long."


def stalled(partner: str, condition: str = "partner_silent", because: str = SILENT, on: date = SINCE) -> Escalation:
    return Escalation(
        partner=partner,
        stage=Stage.ACTIVE,
        condition=condition,
        cycle="2017Q1",
        owner="Ada Owner",
        because=because,
        opened_on=on,
        opened_at=at(on),
        policy="stall",
        decision=1,
        program="0" * 64,
    )


def told_of(escalation: Escalation, recipient: str = "Ada Owner", step: str = "opened") -> Notice:
    first = f"{escalation.key}/opened"
    return Notice(
        key=f"{escalation.key}/{step}",
        kind="escalation.opened" if step == "opened" else "escalation.reminded",
        partner=escalation.partner,
        recipient=recipient,
        subject=f"{escalation.partner} has stalled",
        body=escalation.because,
        thread="" if step == "opened" else first,
    )


def stall(office: Office, escalations: Sequence[Escalation], recipient: str = "Ada Owner") -> list[str]:
    """Have partners stall all at once; the keys of the notices."""
    notices = [told_of(escalation, recipient) for escalation in escalations]
    with office.store.write() as tx:
        tx.partners.add([a_partner(escalation.partner.title()) for escalation in escalations], at(day(0)))
        for escalation, notice in zip(escalations, notices, strict=True):
            tx.escalations.open(escalation)
            tx.notices.write(notice, escalation.opened_at)
    return [notice.key for notice in notices]


def many(count: int) -> list[Escalation]:
    return [stalled(f"p{number:03}") for number in range(count)]


def bundled(office: Office, digest: str) -> list[str]:
    with office.store.read() as tx:
        return [notice.key for notice in tx.notices.bundled(digest)]


def test_five_stalls_at_once_are_one_message_that_opens_each(office: Office) -> None:
    keys = stall(office, [*many(4), stalled("late", "scorecard_overdue", OVERDUE, day(13))])
    way = Way()
    both = sender(office, log=way)
    assert both.send(keys[2])
    assert [both.send(key) for key in keys] == [False] * 5, "nothing is left to be sent"

    [message] = way.took
    digest = message.notice
    assert (digest.kind, digest.recipient, digest.partner) == ("escalation.digest", "Ada Owner", None)
    assert digest.subject == "5 escalations wait for you"
    assert digest.body.splitlines()[:3] == [
        OPENS_EACH,
        SILENT,
        "- P000, since 2017-03-21: `gatehouse escalations show p000/active/partner_silent/2017Q1`",
    ]
    assert digest.body.splitlines()[-2:] == [
        OVERDUE,
        "- Late, since 2017-03-14: `gatehouse escalations show late/active/scorecard_overdue/2017Q1`",
    ]
    assert "You receive this because you belong to the team that looks after partners." in message.letter.text

    told = [posting(office, key) for key in keys]
    assert {(one.state, one.digest, one.delivered_at) for one in told} == {
        (NoticeState.BUNDLED, digest.key, office.now)
    }, "delivered with the digest, each of them"
    assert bundled(office, digest.key) == sorted(keys)


def test_two_stalls_of_one_partner_are_one_message_about_it(office: Office) -> None:
    keys = stall(office, [stalled("acme"), stalled("acme", "service_late", "Its service is late."), stalled("bolt")])
    way = Way()
    both = sender(office, log=way)
    assert [both.send(key) for key in keys] == [True, False, True]

    first, second = (message.notice for message in way.took)
    assert (first.subject, first.partner) == ("Acme has stalled in 2 ways", "acme")
    assert bundled(office, first.key) == sorted(keys[:2])
    assert second.key == keys[2]


URGE = "Please answer by Friday, 2017-03-24 09:00 (UTC)."
LATER = URGE.replace("09:00", "16:00")
VERDICT = "If nothing changes, the verdict on 2017-04-24 is reset: Fewer opportunities met our standard."


def urged(office: Office, at_stake: dict[str, tuple[str, str]]) -> str:
    """What the owner of Acme reads who is told of some of its stalls: by condition, what comes of it and by when."""
    stalls = [stalled("acme", condition, condition) for condition in at_stake]
    with office.store.write() as tx:
        tx.partners.add([a_partner("Acme")], at(day(0)))
        for one, (expected, answer_by) in zip(stalls, at_stake.values(), strict=True):
            tx.escalations.open(one)
            told = told_of(one).model_copy(update={"expected": expected, "answer_by": answer_by})
            tx.notices.write(told, one.opened_at)
    way = Way()
    assert sender(office, log=way).send(f"{stalls[0].key}/opened")
    return way.took[0].notice.body


def test_what_is_at_stake_in_all_of_them_is_said_once(office: Office) -> None:
    body = urged(office, {"silent": (VERDICT, URGE), "late": (VERDICT, URGE)})
    assert body.splitlines()[:3] == [VERDICT, URGE, OPENS_EACH]
    assert body.count(URGE) == 1


def test_who_has_to_answer_by_different_times_reads_each_with_its_stall(office: Office) -> None:
    body = urged(office, {"silent": (VERDICT, URGE), "late": ("", LATER)})
    assert f"- Acme, since 2017-03-21: {URGE} `gatehouse escalations show acme/active/silent/2017Q1`" in body
    assert f"- Acme, since 2017-03-21: {LATER} `gatehouse escalations show acme/active/late/2017Q1`" in body


def test_four_are_told_one_by_one_and_everybody_hears_of_theirs(office: Office) -> None:
    keys = [*stall(office, many(4)), *stall(office, [stalled(f"m{n}") for n in range(5)], "Max Lead")]
    way = Way()
    both = sender(office, log=way)
    for key in keys:
        both.send(key)
    assert [(m.notice.recipient, m.notice.kind) for m in way.took] == [
        *[("Ada Owner", "escalation.opened")] * 4,
        ("Max Lead", "escalation.digest"),
    ]
    assert "- M0 (Ada Owner), since 2017-03-21:" in way.took[-1].notice.body, "whose it is, to who is told after them"


def test_fifty_are_named_and_the_rest_are_counted(office: Office) -> None:
    keys = stall(office, many(MOST_LINES + 7))
    way = Way()
    assert sender(office, log=way).send(keys[0])
    lines = way.took[0].notice.body.splitlines()
    assert sum("escalations show" in line for line in lines) == MOST_LINES
    assert lines[-2:] == ["And 7 more:", '- 7 of Ada Owner: `gatehouse escalations list --owner "Ada Owner"`']


def test_what_ended_before_it_was_told_and_what_is_answered_says_so(office: Office) -> None:
    escalations = many(5)
    keys = stall(office, escalations)
    with office.store.write() as tx:
        tx.escalations.end(escalations[3].key, "Something moved.", day(21), at(day(21)))
        answered = {"state": EscalationState.ACKNOWLEDGED, "answered_by": "Max"}
        tx.escalations.keep(escalations[1].model_copy(update=answered))
    way = Way()
    assert sender(office, log=way).send(keys[0])
    [digest] = [message.notice for message in way.took]
    assert digest.subject == "3 escalations wait for you, 1 is answered, and 1 is over"
    lines = digest.body.splitlines()
    assert lines[3] == f"- P001, since 2017-03-21, answered by Max: `gatehouse escalations show {escalations[1].key}`"
    assert lines[-2:] == [
        "Over by now, with nothing left to do:",
        (
            f"- P003, since 2017-03-21: {SILENT} What ended it: Something moved. "
            f"`gatehouse escalations show {escalations[3].key}`"
        ),
    ]


def test_a_digest_that_failed_for_a_while_says_what_became_of_it_meanwhile(office: Office) -> None:
    escalations = many(5)
    keys, way = stall(office, escalations), Way(Down("the mail server is down"))
    both = sender(office, log=way)
    assert not both.send(keys[0])
    with office.store.write() as tx:
        for escalation in escalations[1:]:
            tx.escalations.end(escalation.key, "Something moved.", day(21), at(day(21)))
    office.now += timedelta(minutes=1)
    [digest] = {posting(office, key).digest for key in keys}
    assert digest
    assert both.send(digest)
    [message] = way.took
    assert message.notice.key == digest
    assert message.letter.subject == "1 escalation waits for you, and 4 are over"
    assert "Over by now, with nothing left to do:" in message.notice.body


@pytest.mark.parametrize(
    ("answered", "over", "said"),
    [
        (0, 1, "Acme has stalled in 2 ways, and 1 is over"),
        (1, 1, "Acme has stalled, 1 is answered, and 1 is over"),
        (3, 0, "Answered: Acme has stalled in 3 ways"),
        (0, 3, "Over: Acme has stalled in 3 ways"),
        (2, 1, "Acme has stalled in 3 ways, 2 are answered, and 1 is over"),
    ],
)
def test_of_one_partner_it_says_in_how_many_ways_it_waits(office: Office, answered: int, over: int, said: str) -> None:
    escalations = [stalled("acme", f"rule_{number}") for number in range(3)]
    keys = stall(office, escalations)
    with office.store.write() as tx:
        for one in escalations[:answered]:
            now = {"state": EscalationState.SNOOZED, "answered_by": "Max"}
            tx.escalations.keep(one.model_copy(update=now))
        for one in escalations[3 - over :]:
            tx.escalations.end(one.key, "Something moved.", day(21), at(day(21)))
    way = Way()
    assert sender(office, log=way).send(keys[0])
    assert [message.notice.subject for message in way.took] == [said]


def test_the_program_lead_reads_that_nobody_answered(office: Office) -> None:
    escalations = many(5)
    keys = stall(office, escalations, "Lea Lead")
    with office.store.write() as tx:
        tx.escalations.keep(escalations[0].model_copy(update={"state": EscalationState.UNANSWERED}))
    way = Way()
    assert sender(office, log=way).send(keys[0])
    assert "- P000 (Ada Owner), since 2017-03-21, and nobody answers for it: `" in way.took[0].notice.body


def test_of_many_who_would_send_them_one_sends_the_digest(office: Office) -> None:
    keys = stall(office, many(12))
    way = Way()
    with ThreadPoolExecutor(8) as workers:
        sent = list(workers.map(lambda key: sender(office, log=way).send(key), keys * 4))
    assert sent.count(True) == 1
    assert [message.notice.kind for message in way.took] == ["escalation.digest"]


def test_what_somebody_else_has_in_hand_is_not_taken(office: Office) -> None:
    keys = stall(office, many(6))
    with office.store.write() as tx:
        assert tx.notices.claim(keys[0], office.now, office.now + LEASE)
    way = Way()
    assert sender(office, log=way).send(keys[1])
    assert bundled(office, way.keys[0]) == sorted(keys[1:])
    assert posting(office, keys[0]).state == NoticeState.DUE


def test_whoever_dies_with_a_digest_in_hand_leaves_it_to_be_sent_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, way, delivered = stall(office, many(5)), Way(), Notices.delivered

    def dies(*_: object) -> None:
        monkeypatch.setattr(Notices, "delivered", delivered)
        raise RuntimeError("killed")

    monkeypatch.setattr(Notices, "delivered", dies)
    with pytest.raises(RuntimeError, match="killed"):
        sender(office, log=way).send(keys[0])
    office.now += LEASE
    with office.store.read() as tx:
        assert tx.notices.due(office.now, 10) == [(way.keys[0], True)]
    assert sender(office, log=way).send(way.keys[0])
    first, second = way.took
    assert first.notice == second.notice
    assert {posting(office, key).delivered_at for key in keys} == {office.now}


def test_what_may_have_arrived_before_its_sender_died_is_told_in_no_digest(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first], way, delivered = stall(office, many(1)), Way(), Notices.delivered

    def dies(*_: object) -> None:
        monkeypatch.setattr(Notices, "delivered", delivered)
        raise RuntimeError("killed")

    monkeypatch.setattr(Notices, "delivered", dies)
    with pytest.raises(RuntimeError, match="killed"):
        sender(office, log=way).send(first)
    office.now += LEASE
    more = stall(office, [stalled(f"q{n}") for n in range(5)])
    both = sender(office, log=way)
    assert both.send(more[0])
    assert both.send(first)
    assert [way.keys[0], way.keys[2]] == [first, first], "it comes twice under one key"
    assert bundled(office, way.keys[1]) == sorted(more)


def test_a_digest_that_nobody_takes_is_sent_again_with_all_that_is_in_it(office: Office) -> None:
    keys = stall(office, many(5))
    way = Way(Permanent("ada@example.com is refused"))
    both = sender(office, log=way)
    assert not both.send(keys[0])
    [digest] = {posting(office, key).digest for key in keys}
    assert digest
    assert posting(office, digest).state == NoticeState.DEAD
    assert {posting(office, key).delivered_at for key in keys} == {None}

    office.now += timedelta(hours=1)
    with office.store.write() as tx:
        tx.notices.retry(digest)
    assert both.send(digest)
    assert all(posting(office, key).delivered_at for key in keys)


def test_one_that_is_asked_for_by_name_goes_alone(office: Office) -> None:
    keys = stall(office, many(6))
    way = Way(Permanent("ada@example.com is refused"))
    both = sender(office, log=way)
    assert not both.send(keys[0])
    office.now += timedelta(hours=1)
    with office.store.write() as tx:
        tx.notices.retry(keys[3], alone=True)
    more = stall(office, [stalled(f"q{n}") for n in range(5)])
    assert both.send(keys[3])
    assert way.keys == [keys[3]]
    assert both.send(more[0])
    assert bundled(office, way.keys[1]) == sorted(more), "and no digest takes it"


def test_while_mail_is_down_what_is_due_meanwhile_becomes_one_message(office: Office) -> None:
    keys = stall(office, many(5)[:3])
    way = Way(*[Down("the mail server is down")] * 3)
    both = sender(office, log=way)
    assert [both.send(key) for key in keys] == [False] * 3
    office.now += timedelta(minutes=1)
    keys += stall(office, many(5)[3:])
    assert both.send(keys[4])
    assert [message.notice.kind for message in way.took] == ["escalation.digest"]


def test_what_follows_up_on_one_of_a_digest_continues_its_conversation(office: Office) -> None:
    escalations = many(5)
    keys = stall(office, escalations)
    way = Way()
    both = sender(office, log=way)
    assert both.send(keys[0])
    again = told_of(escalations[0], step="told-0-1")
    with office.store.write() as tx:
        tx.notices.write(again, office.now)
    assert both.send(again.key)
    assert way.took[1].notice.thread == way.keys[0]


def test_a_digest_of_what_began_in_one_conversation_continues_it(office: Office) -> None:
    escalations = many(5)
    keys = stall(office, escalations)
    way = Way()
    both = sender(office, log=way)
    assert both.send(keys[0])
    again = [told_of(escalation, step="told-0-1") for escalation in escalations]
    with office.store.write() as tx:
        for notice in again:
            tx.notices.write(notice, office.now)
    assert both.send(again[0].key)
    assert [message.notice.kind for message in way.took] == ["escalation.digest"] * 2
    assert way.took[1].notice.thread == way.keys[0]


def test_a_program_says_from_how_many_on_and_whether_at_all(office: Office) -> None:
    programmed(office, "{digest_from: 3}")
    way = Way()
    assert sender(office, log=way).send(stall(office, many(3))[0])
    assert [message.notice.kind for message in way.took] == ["escalation.digest"]


def test_where_digests_are_switched_off_everything_is_told_by_itself(office: Office) -> None:
    keys = stall(office, many(6))
    assert not sender(office, log=Way(Down("the mail server is down"))).send(keys[0])
    programmed(office, "{off: [escalation.digest]}")
    [digest] = {posting(office, key).digest for key in keys}
    assert digest
    office.now += timedelta(minutes=1)
    way = Way()
    both = sender(office, log=way)
    assert not both.send(digest)
    assert posting(office, digest).state == NoticeState.OFF
    assert [both.send(key) for key in keys] == [True] * 6, "one that was begun lets go of what is in it"
    assert way.keys == keys


def test_nothing_that_is_switched_off_is_told_in_a_digest(office: Office) -> None:
    programmed(office, "{off: [escalation.reminded]}")
    escalations = many(6)
    keys = stall(office, escalations)
    with office.store.write() as tx:
        again = told_of(escalations[0], step="told-0-1")
        tx.notices.write(again, office.now)
    way = Way()
    both = sender(office, log=way)
    assert not both.send(again.key)
    assert posting(office, again.key).state == NoticeState.OFF
    assert both.send(keys[0])
    assert bundled(office, way.keys[0]) == sorted(keys)


def test_they_go_by_the_channels_of_their_own(office: Office) -> None:
    escalations = many(10)
    with office.store.write() as tx:
        tx.partners.add([a_partner(e.partner.title()) for e in escalations], at(day(0)))
        for number, escalation in enumerate(escalations):
            by = (ChannelName.SLACK,) if number % 2 else ()
            tx.escalations.open(escalation)
            tx.notices.write(told_of(escalation).model_copy(update={"channels": by}), at(day(20)))
    mail, slack = Way(), Way()
    both = sender(office, email=mail, slack=slack)
    for escalation in escalations:
        both.send(f"{escalation.key}/opened")
    assert [len(bundled(office, way.keys[0])) for way in (mail, slack)] == [5, 5]
