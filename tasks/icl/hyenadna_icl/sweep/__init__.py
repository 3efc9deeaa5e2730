"""A sweep: accuracy over lengths of prompts, and over examples and tuning sequences."""
