"""The weekly digest: everybody who looks after partners hears of their week, once, and nobody of an empty one."""

from datetime import date, timedelta
from typing import Any

from activities.digest import MOST_LINES
from activities.weekly import Week, Weekly, lines, weeklies
from program.calendar import Clock
from program.escalation import Escalation, EscalationEvent, EscalationState
from program.notice import Notice
from program.person import Absence, Person
from tests.activities.conftest import Office, at, day
from tests.activities.test_digest import SILENT, many, stall, stalled
from tests.world import a_partner

MONDAY = day(54)
A_DAY = timedelta(days=1)


def week(on: date = MONDAY) -> Week:
    return Week(clock=Clock(), as_of=on, known_at=at(on))


def keep(office: Office, escalation: Escalation, **changes: Any) -> None:
    stall(office, [escalation])
    with office.store.write() as tx:
        tx.escalations.keep(escalation.model_copy(update=changes))


def of(office: Office, person: str, on: date = MONDAY) -> Weekly | None:
    with office.store.read() as tx:
        return next((weekly for weekly in weeklies(tx, week(on)) if weekly.person == person), None)


def written(office: Office, on: date = MONDAY) -> list[Notice]:
    keys = office.run(office.weekly.write_weekly, week(on))
    with office.store.read() as tx:
        return [tx.notices.get(key).notice for key in keys]


def answered(on: date, **more: Any) -> dict[str, Any]:
    said = {"answered_by": "Ada Owner", "answered_at": at(on), "note": "We meet on Monday"}
    return {"state": EscalationState.ACKNOWLEDGED, **said, **more}


def test_a_week_says_what_is_open_was_answered_ended_by_itself_and_is_due(office: Office) -> None:
    stall(office, [stalled("open")])
    keep(office, stalled("answered"), **answered(MONDAY - A_DAY))
    over = {"state": EscalationState.ENDED, "note": "Something moved."}
    keep(office, stalled("ended"), **over, closed_on=MONDAY - 7 * A_DAY)
    keep(office, stalled("both"), **{**answered(MONDAY - A_DAY), **over}, closed_on=MONDAY - A_DAY)
    pilot = office.in_pilot("Pilot")
    office.brings(pilot, day(3), 4, qualified_on=day(4), progressed_on=day(9))

    mine, managers = of(office, "Ada Owner"), of(office, "Max Lead")
    assert mine
    assert managers
    assert [[one.partner for one in part] for part in (mine.open, mine.answered, mine.ended)] == [
        ["Open"],
        ["Answered", "Both"],
        ["Ended"],
    ]
    assert [
        (one.on, one.qualified, one.target_qualified, one.progressed, one.target_progressed) for one in mine.pilots
    ] == [(day(60), 4, 6, 4, 3)]
    assert mine.model_copy(update={"person": "Max Lead"}) == managers

    [to_owner, to_manager] = written(office)
    assert (to_owner.recipient, to_manager.recipient) == ("Ada Owner", "Max Lead")
    assert to_owner.subject == "Your week: 1 open, 2 answered, 1 ended, 1 pilot due"
    assert to_owner.body.splitlines() == [
        "Open, and nobody answers for it: 1",
        f"- Open, since {day(20)}: {SILENT} `gatehouse escalations show open/active/partner_silent/2017Q1`",
        "Answered in the last seven days: 2",
        "- Answered: Ada Owner said: We meet on Monday",
        "- Both: Ada Owner answered, and it is over: Something moved.",
        "Ended by itself in the last seven days: 1",
        f"- Ended, since {day(20)}: Something moved.",
        "Pilots that are judged by 2017-05-07: 1",
        "- Pilot, on 2017-04-30: 4 of 6 qualified opportunities, 4 of 3 progressed",
    ]
    assert "- Open (Ada Owner), since" in to_manager.body


def test_a_letter_names_fifty_and_the_command_that_it_names_all_of_them(office: Office) -> None:
    stall(office, many(MOST_LINES + 3))
    to_owner, _ = written(office)
    *_, last = to_owner.body.splitlines()
    assert last == 'And 3 more: `gatehouse digest --for "Ada Owner"` shows all of them.'
    mine = of(office, "Ada Owner")
    assert mine
    assert len([*lines(mine)]) == 1 + MOST_LINES + 3


def test_a_week_is_seven_days_to_yesterday(office: Office) -> None:
    assert MONDAY.weekday() == 0
    keep(office, stalled("before"), **answered(MONDAY - 8 * A_DAY))
    keep(office, stalled("today"), **answered(MONDAY))
    keep(office, stalled("long-ago"), state=EscalationState.ENDED, note="Over.", closed_on=MONDAY - 8 * A_DAY)
    keep(office, stalled("just-now"), state=EscalationState.ENDED, note="Over.", closed_on=MONDAY)
    assert of(office, "Ada Owner") is None
    later = of(office, "Ada Owner", MONDAY + A_DAY)
    assert later
    assert [[one.partner for one in part] for part in (later.answered, later.ended)] == [["Today"], ["Just-Now"]]


def test_what_was_answered_again_this_week_is_told_though_it_was_answered_before(office: Office) -> None:
    again = stalled("again")
    keep(office, again, **answered(MONDAY - 20 * A_DAY))
    with office.store.write() as tx:
        renewed = EscalationEvent(at=at(MONDAY - 3 * A_DAY), what="acknowledged", who="Ada Owner", note="We met")
        tx.escalations.note(again.key, renewed)
    mine = of(office, "Ada Owner")
    assert mine
    assert [one.partner for one in mine.answered] == ["Again"]
    assert of(office, "Ada Owner", MONDAY + 7 * A_DAY) is None


def test_whoever_has_nothing_to_hear_is_not_written_to(office: Office) -> None:
    office.in_pilot("Pilot")
    keep(office, stalled("snoozed"), state=EscalationState.SNOOZED, until=day(80))
    assert written(office, day(40)) == [], "a pilot that is judged the week after next is not news yet"
    [weekly] = {notice.subject for notice in written(office, day(47))}
    assert weekly == "Your week: 1 pilot due"


def test_it_is_told_once_a_week_and_says_what_was_so_then(office: Office) -> None:
    stall(office, [stalled("acme")])
    first = written(office)
    stall(office, [stalled("bolt")])
    assert written(office, MONDAY + 3 * A_DAY) == first
    assert [notice.subject for notice in written(office, MONDAY + 7 * A_DAY)] == ["Your week: 2 open"] * 2


def test_whoever_it_was_delegated_to_hears_of_it_too(office: Office) -> None:
    keep(office, stalled("acme"), delegate="Noor")
    assert [notice.recipient for notice in written(office)] == ["Ada Owner", "Max Lead", "Noor"]


def test_what_was_answered_and_given_to_somebody_else_is_open_again(office: Office) -> None:
    handed = {"state": EscalationState.OPEN, "note": "She knows them", "delegate": "Noor"}
    keep(office, stalled("acme"), **{**answered(MONDAY - A_DAY), **handed})
    to_owner, _, to_noor = written(office)
    assert "- Acme (Noor): Ada Owner answered, and it is open again" in to_owner.body
    assert to_noor.subject == "Your week: 1 open, 1 answered"


def test_a_week_names_who_looks_after_the_partner_now(office: Office) -> None:
    stall(office, [stalled("acme")])
    with office.store.write() as tx:
        tx.partners.look_after("acme", "Eve")
    to_eve, to_manager = written(office)
    assert to_eve.recipient == "Eve"
    assert "- Acme, since" in to_eve.body
    assert "- Acme (Eve), since" in to_manager.body


def test_a_partner_without_a_manager_has_nobody_above_it(office: Office) -> None:
    stall(office, [stalled("acme")])
    with office.store.write() as tx:
        tx.partners.add([a_partner("Acme").model_copy(update={"owner_manager": ""})], at(day(0)))
    assert [notice.recipient for notice in written(office)] == ["Ada Owner"]


def test_whoever_stands_in_gets_the_week_of_who_is_away(office: Office) -> None:
    stall(office, [stalled("acme")])
    with office.store.write() as tx:
        tx.people.record([Person(name="Noor")])
        tx.people.away(Absence(person="Ada Owner", first=MONDAY, last=MONDAY + 4 * A_DAY, stand_in="Noor"))
    to_noor, _ = written(office)
    assert (to_noor.recipient, to_noor.subject) == ("Noor", "The week of Ada Owner: 1 open")
    assert to_noor.body.startswith("You get this because you stand in for Ada Owner.\n")


def test_it_waits_until_people_are_back_at_work(office: Office) -> None:
    stall(office, [stalled("acme")])
    [key, _] = office.run(office.weekly.write_weekly, week())
    with office.store.read() as tx:
        assert tx.notices.get(key).due_at == at(MONDAY) + timedelta(hours=1)
