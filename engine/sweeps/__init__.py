"""Sweeps: many planned runs, their executors, and what comes of them."""
