"""The Sync API on SQLite, for a first try without an account and for users' own tests."""
