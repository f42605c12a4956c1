"""nginx.conf, wherever the text came from: the sockets that nginx opens for it.

`grammar` splits the text into directives, `quick_scan` leaves out what need not be parsed, `listen_address` reads the
target of a `listen`, `directives` merges the servers, `subprocess_parser` parses large files in another process, and
`reading` keeps results by digest. Nothing here talks to a cluster.
"""

from dsview.listeners.nginx_conf.grammar import UnreadConf
from dsview.listeners.nginx_conf.reading import parse_conf, read_conf

__all__ = ["UnreadConf", "parse_conf", "read_conf"]
