"""The faces of the laboratory: the command line and the terminal UI."""
