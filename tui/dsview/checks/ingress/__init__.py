"""Checks of Ingresses and their controllers: one module a check."""
