"""What panes are made of, one widget a file."""
