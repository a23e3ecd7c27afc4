"""Where a sweep's runs are computed: on this machine, on Ray or under SLURM."""
