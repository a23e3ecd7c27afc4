"""Images drawn as characters, alone and side by side."""
