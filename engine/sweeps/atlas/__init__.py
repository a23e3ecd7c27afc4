"""The robustness atlas: a ready sweep, what is read from it, and its figures."""
