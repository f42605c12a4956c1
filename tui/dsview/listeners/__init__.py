"""Which sockets a proxy listens on, and how that is known."""
