"""A genome through a trained model: scores, tracks and substitutions, in long jobs too."""
