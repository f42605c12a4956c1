"""Kubernetes' protobuf encoding, for the kinds that come in thousands. Imported when a server is asked, not before."""
