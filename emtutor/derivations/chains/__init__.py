"""The lecture's derivations, one module a topic."""
