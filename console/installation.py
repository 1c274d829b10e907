"""The installation that a command works on: its settings, database, program in force, and Temporal."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TypeVar

import typer
from pydantic import ValidationError

from activities.deciding import Shelf
from operations.acts import Operations
from program.calendar import Clock
from program.errors import Refused
from rules.folder import LoadedProgram, read_folder
from settings import Settings
from store.database import Missing, Store
from worker import connect
from workflows.schedules import refuse_foreign

Result = TypeVar("Result")


def read_settings() -> Settings:
    """The settings from the environment.

    Raises:
        Refused: naming the variables that hold what they cannot.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise Refused(
            "; ".join(
                f"{_variable(error, fault['loc'])} is {fault['input']!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}"
                for fault in error.errors()
            )
        ) from None


def _variable(error: ValidationError, loc: tuple[int | str, ...]) -> str:
    prefix = "GATEHOUSE_TEMPORAL" if error.title == "TemporalSettings" else "GATEHOUSE"
    return "_".join([prefix, *map(str, loc)]).upper()


@dataclass
class Installation:
    """One installation. Nothing of it is opened before it is needed: the rules need neither database nor Temporal."""

    settings: Settings = field(default_factory=read_settings)
    lag: timedelta = timedelta(0)
    """How far its time runs behind the world's: zero, but in simulations and tests."""

    @cached_property
    def store(self) -> Store:
        """The database, once it is known to be there and of this Gatehouse.

        Raises:
            Refused: where it is missing, older, newer or out of reach.
        """
        store = Store(self.settings.database)
        try:
            store.check()
        except Refused:
            store.close()
            raise
        return store

    @cached_property
    def program(self) -> LoadedProgram:
        """The program in force today; the one that a worker would begin with where none was published yet."""
        try:
            in_force = Shelf(self.store).at(datetime.now(UTC), self.lag)
        except Missing:
            in_force = None
        return in_force or read_folder(self.settings.program)

    @property
    def clock(self) -> Clock:
        """The program's clock."""
        return self.program.program.clock.model_copy(update={"lag": self.lag})

    def today(self) -> date:
        """The program's date."""
        return self.clock.today(datetime.now(UTC))

    def act(self, asked: Callable[[Operations], Awaitable[Result]]) -> Result:
        """Connect to Temporal and do something there.

        Raises:
            Refused: where it does not answer, or what is asked for cannot be done; then nothing has changed.
        """
        store, clock, temporal = self.store, self.clock, self.settings.temporal
        with store.read() as tx:
            known_as = tx.identity.find()

        async def acting() -> Result:
            client = await connect(temporal, self.settings.temporal_address, self.settings.temporal_namespace)
            await refuse_foreign(client, known_as)
            return await asked(Operations(store, client, temporal.task_queue, clock))

        return asyncio.run(acting())

    def close(self) -> None:
        """Close what was opened."""
        if "store" in self.__dict__:
            self.store.close()


def here(context: typer.Context) -> Installation:
    """The installation that a command was given, else the one that the environment describes."""
    if not context.obj:
        context.obj = Installation()
        context.call_on_close(context.obj.close)
    assert isinstance(context.obj, Installation)
    return context.obj
