"""Sweeps: plans, drivers, workers, and what comes of them."""
