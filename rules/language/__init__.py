"""The policy language: YAML with positions, facts and their types, conditions, policies."""
