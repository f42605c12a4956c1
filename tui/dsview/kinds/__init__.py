"""The kinds of the Kubernetes API that dsview reads: which fields are kept, and how they are decoded. No I/O."""
