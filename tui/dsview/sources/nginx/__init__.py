"""nginx.conf of ingress-nginx controllers, wherever the text came from: the sockets it makes nginx open.

`raw` counts what must be found, `skim` leaves out what need not be parsed, `target` knows where a `listen` points,
`conf` parses and merges, `apart` has that done by `worker` in another process for large files, `reading` remembers
verdicts by digest. Nothing here talks to a cluster.
"""

from dsview.sources.nginx.raw import UnreadConf
from dsview.sources.nginx.reading import parse_conf, read_conf

__all__ = ["UnreadConf", "parse_conf", "read_conf"]
