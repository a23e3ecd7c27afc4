"""Sweeps under SLURM: each run is a task of a job array, and nothing but the tasks drives them.

A task begins or resumes its run, and tells of it in the sweep's journal. Before its time is over it
is told so, keeps what is done and has itself put into the queue again.
"""
