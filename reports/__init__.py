"""Reports of the roster: computed from what is on record, each number with the record behind it."""
