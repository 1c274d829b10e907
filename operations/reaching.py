"""The acts that concern how people are reached: addresses, and notices that did not arrive."""

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import ValidationError

from activities.sending import partner_reached, person_reached, ready
from notifications.channel import NotSent
from notifications.configuration import Addresses, channels
from program.address import EmailAddress
from program.definition import Program
from program.errors import Refused
from program.notice import Audience, ChannelName, Notice, NoticeState
from program.partner import Partner, PartnerId
from program.person import Absence, Person, in_shell
from rules.folder import LoadedProgram
from store.database import Store


def change_person(store: Store, name: str, changes: dict[str, str | None]) -> Person:
    """Change some of what is known of a person, who may be new."""
    with store.write() as tx:
        person = Person.model_validate({**tx.people.find(name).model_dump(), **changes})
        tx.people.put(person)
        return person


def go_away(store: Store, program: Program, person: str, first: date, last: date, stand_in: str) -> Absence:
    """Note that somebody is away for some days, and who stands in.

    Raises:
        Refused: where the days make no sense or are taken, or nobody knows the one or the other. Whoever the program
            has hours of can be away, and stands in for nobody before it is said how they are reached.
    """
    try:
        absence = Absence(person=person, first=first, last=last, stand_in=stand_in)
    except ValidationError as error:
        raise Refused(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
    with store.write() as tx:
        team = [one.name for one in program.capacity.people]
        tx.people.refuse_unknown(person, team)
        tx.people.refuse_unknown(stand_in, team)
        if not tx.people.knows(stand_in):
            told = f"say how they are reached: gatehouse people set {in_shell(stand_in)}"
            raise Refused(f"{stand_in} could not be told in {person}'s place; {told}")
        tx.people.away(absence)
    return absence


def come_back(store: Store, person: str, today: date) -> Absence:
    """End the absence of somebody, or withdraw the next one; which it was.

    Raises:
        Refused: where they are not away, and will not be.
    """
    with store.write() as tx:
        return tx.people.back(person, today)


def change_email(store: Store, partner: PartnerId, email: EmailAddress | None) -> Partner:
    """Change where a partner is written to.

    Raises:
        Refused: where there is no such partner.
    """
    with store.write() as tx:
        tx.partners.write_to(partner, email)
        return tx.partners.get(partner).partner


def waiting_for(store: Store, name: str) -> list[Notice]:
    """The notices to somebody that nobody took."""
    with store.read() as tx:
        return [posting.notice for posting in tx.notices.listed([NoticeState.DEAD], recipient=name)]


def retry(store: Store, keys: Sequence[str], *, all_dead: bool = False, recipient: str | None = None) -> int:
    """Have notices sent that were not delivered, as if they had not been tried; how many.

    Args:
        store: Where they are.
        keys: Some of them.
        all_dead: Whether all that nobody took are meant.
        recipient: Of those, the one that they are for.

    Raises:
        Refused: where one is not there, or was delivered; then nothing has changed.
    """
    with store.write() as tx:
        dead = tx.notices.listed([NoticeState.DEAD], recipient=recipient) if all_dead else []
        for key in keys:
            tx.notices.retry(key, alone=True)  # who asks for one by name wants that one
        for posting in dead:
            tx.notices.retry(posting.notice.key)
        return len(keys) + len(dead)


def send_test(
    given: Addresses, program: LoadedProgram, to: Person | Partner, now: datetime
) -> list[tuple[ChannelName, str, str]]:
    """Send a test message to somebody by every channel but the log: the channel, the address, and what went wrong.

    Raises:
        Refused: where the settings make no sense.
    """
    audience = Audience.PARTNER if isinstance(to, Partner) else Audience.TEAM
    notice = Notice(
        key=f"test/{now:%Y%m%dT%H%M%S}",
        kind=f"test.{audience}",
        partner=to.id if isinstance(to, Partner) else "test",
        recipient=to.name,
        subject=f"A test from {program.program.title}",
        body="This is how you are reached. Nothing has happened, and nothing has to be done.",
    )
    recipient = partner_reached(to, to.name) if isinstance(to, Partner) else person_reached(to)
    message = ready(notice, recipient, to.name if isinstance(to, Partner) else "partners", program, now, now)
    configured = channels(given)
    results: list[tuple[ChannelName, str, str]] = []
    for name in program.program.notices.route(audience, [*ChannelName]):
        channel = configured.get(name)
        if channel is None or name == ChannelName.LOG:
            continue
        address = wrong = ""
        try:
            address = channel.address(recipient)
            channel.send(message)
        except NotSent as failure:
            wrong = failure.reason
        results.append((name, address, wrong))
    return results
