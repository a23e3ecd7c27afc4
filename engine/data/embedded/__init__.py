"""Data inside the package: the digits that stand in where there is no MNIST."""
