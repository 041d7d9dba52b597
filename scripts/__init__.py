"""What people and CI both run: ``make`` calls these, and each runs by itself from the root of a checkout."""
