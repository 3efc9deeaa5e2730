"""A genome through a trained model: long jobs that are cut into parts, resumed and merged."""
