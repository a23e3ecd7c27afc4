"""What goes to the terminal, how much of it and how often."""
