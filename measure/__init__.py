"""Scripts that measure, each run by itself."""
