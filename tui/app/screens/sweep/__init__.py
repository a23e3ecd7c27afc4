"""A sweep's screen."""
