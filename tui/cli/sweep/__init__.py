"""``mnist-tui sweep``: plan, run, watch, stop and remove many runs at once."""
