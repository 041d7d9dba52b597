"""What the provider costs, beside others that do the same: ``python -m bench``."""
