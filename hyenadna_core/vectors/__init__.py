"""Files of vectors of any model, with names and columns: read whole, written in pieces."""
