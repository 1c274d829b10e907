"""Having notices sent at once; the postman sees to all that is not."""

from typing import Final

from temporalio import activity

from activities.postman import Postman
from store.database import Store

AT_ONCE: Final = 200
"""Letters of one re-score that are asked for; the postman takes up the others by itself, a few at a time."""


class Delivery:
    """Has notices sent whose workflow has just had them written."""

    def __init__(self, store: Store, postman: Postman) -> None:
        self._store = store
        self._postman = postman

    @activity.defn
    def deliver(self, keys: tuple[str, ...]) -> int:
        """Send those of some notices that were not sent yet; how many were delivered within a moment.

        It never fails because of what a channel says: what was not delivered stays in the outbox.
        """
        with self._store.read() as tx:
            due = tx.notices.undelivered(keys)
        return self._postman.at_once([notice.key for notice in due])

    @activity.defn
    def deliver_rescore(self, quarter: str) -> int:
        """The same with what partners have to be told of a quarter's re-score, or with the first of them."""
        with self._store.read() as tx:
            due = tx.notices.undelivered(ending=f"/rescore-{quarter}", most=AT_ONCE)
        return self._postman.at_once([notice.key for notice in due])
