"""The engine: data, networks, experiments and what a run leaves on disk. It knows no face.

Nothing in here imports textual, typer or rich. Shapes in docstrings use one set of letters:
N images, C channels, H height, W width, K classes, L labels (targets), M neurons, S steps.
"""
