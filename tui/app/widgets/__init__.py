"""The widgets of panes, one per file."""
