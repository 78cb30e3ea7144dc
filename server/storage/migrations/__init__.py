"""How the tables came to be, step by step (Alembic). Run at each start: `server/storage/schema.py`."""
