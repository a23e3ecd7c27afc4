"""The README's moving picture: a story told to the real app, its screens drawn as pixels."""
