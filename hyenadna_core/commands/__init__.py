"""One module for each command: it parses the options, calls a function and prints the result."""
