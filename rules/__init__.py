"""The policy language and the two ways it decides: durable-rules, and a plain interpreter that checks it."""
