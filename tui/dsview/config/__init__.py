"""The configuration file and the remembered preferences."""
