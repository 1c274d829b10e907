"""How people are reached: letters, channels, and what can go wrong on the way."""
