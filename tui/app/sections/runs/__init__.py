"""Runs: the table of what was run, and a preview of the run under the cursor."""
