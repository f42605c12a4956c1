"""Parses nginx.conf: which sockets nginx opens for it.

`grammar` counts the relevant directives, `quick_scan` skips what need not be parsed, `listen_address` parses the target
of a `listen`, `directives` merges the servers, and `subprocess_parser` parses large files in another process.
`conf_reading` in the parent package caches the results. Only `directives` and its users load crossplane.
"""
