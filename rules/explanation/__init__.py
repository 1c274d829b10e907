"""Why, why not, and what would change it: read from the facts, for the partner and for the manager."""
