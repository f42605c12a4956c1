"""Kubernetes' protobuf encoding, for the kinds with thousands of objects. Only imported when a server is queried."""
