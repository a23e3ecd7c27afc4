"""What keys do: actions, where they belong, and the keys that the user gave them."""
