"""Adversarial: noises, their successes and the images that they are laid over."""
