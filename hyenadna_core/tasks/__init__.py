"""The tasks in the package, and the parts that sequence tasks share."""
