"""What is particular to a run: its specification, its rules, how it is started and waited for."""
