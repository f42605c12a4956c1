"""Checks of EndpointSlices, and whether a Service has ready endpoints in each family: one module a check."""
