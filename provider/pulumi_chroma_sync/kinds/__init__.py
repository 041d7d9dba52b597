"""What is particular to one resource; a package each."""
