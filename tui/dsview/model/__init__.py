"""What the Kubernetes API says, as typed values: objects, addresses, listen sockets, findings. No I/O."""
