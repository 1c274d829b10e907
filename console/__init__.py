"""What operators type: one function per act, and the commands that call them."""
