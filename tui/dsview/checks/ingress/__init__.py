"""Checks of Ingresses and their controllers, one in each module."""
