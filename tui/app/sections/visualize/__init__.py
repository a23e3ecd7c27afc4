"""Visualize: a network's neurons and the images that they answer most to."""
