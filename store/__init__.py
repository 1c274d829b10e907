"""What people read: partners, decisions and all that led to them, in SQLite or PostgreSQL."""
