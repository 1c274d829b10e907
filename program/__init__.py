"""The vocabulary of a partner program and its pure logic: no clock, no database, no network."""
