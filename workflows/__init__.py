"""The calendar of the program, as durable workflows: when things happen, in which order, and who may interrupt."""
