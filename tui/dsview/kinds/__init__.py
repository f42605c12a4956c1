"""The Kubernetes API kinds that dsview reads: which fields are kept, and how they are decoded. No I/O."""
