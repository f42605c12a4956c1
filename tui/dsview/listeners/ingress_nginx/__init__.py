"""ingress-nginx: its pods, its ConfigMap, and the sockets of its nginx.

`pods` tells them and what belongs to them, `sockets` what nginx listens on, `controller` says it in the words of the
room.
"""
