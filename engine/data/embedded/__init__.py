"""Data that travels inside the package: the digits used where there is no MNIST."""
