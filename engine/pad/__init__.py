"""The pad: what a person draws, as networks see it, and what they say of it."""
