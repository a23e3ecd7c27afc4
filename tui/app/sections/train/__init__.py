"""Train: trainings, their curves and the images that they are watched by."""
