"""What every resource is made of; knows none of them by name."""
