"""nginx.conf, wherever the text came from: the sockets that nginx opens for it.

`grammar` splits the text into directives, `quick_scan` leaves out what need not be parsed, `listen_address` reads the
target of a `listen`, `directives` merges the servers, `subprocess_parser` parses large files in another process, and
`reading` keeps results by digest. Nothing here talks to a cluster, and only `directives` and what uses it loads
crossplane.
"""
