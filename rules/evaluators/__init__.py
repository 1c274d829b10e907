"""Which rules hold: durable-rules with the network a policy compiles to, and a plain interpreter that checks it."""
