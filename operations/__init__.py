"""What an operator can do: one function per act, for the command line, for simulations, and for pages to come."""
