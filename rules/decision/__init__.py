"""A decision, final or open: both evaluators, and what facts that nobody knows yet leave possible."""
