"""Checks of EndpointSlices, and of the ready endpoints of a Service in each family, one in each module."""
