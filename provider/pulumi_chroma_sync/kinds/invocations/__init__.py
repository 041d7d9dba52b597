"""What is particular to many runs: one for each object of a bucket."""
