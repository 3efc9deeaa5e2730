"""The tasks in the package, and what sequence tasks share."""
