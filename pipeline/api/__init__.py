"""The public functions of the package. Each command calls one of them."""
