"""Parsing of nginx.conf from any source: the sockets that nginx opens for it.

`grammar` counts the relevant directives, `quick_scan` skips what need not be parsed, `listen_address` parses the target
of a `listen`, `directives` merges the servers, `subprocess_parser` parses large files in another process, and
`conf_reading` in the parent package caches results by digest. Nothing here accesses a cluster, and only `directives`
and its users load crossplane.
"""
