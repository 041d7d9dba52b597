"""Sources: their model and rules, their specification, their state, their creation."""
