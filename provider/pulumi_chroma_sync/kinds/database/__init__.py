"""Databases: their model, their state, their creation and their end."""
