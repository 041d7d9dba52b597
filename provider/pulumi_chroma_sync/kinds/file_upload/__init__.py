"""What is particular to uploads of files."""
