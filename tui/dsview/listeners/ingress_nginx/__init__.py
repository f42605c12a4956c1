"""ingress-nginx: its pods, its ConfigMap, and the sockets of its nginx.

`pods` finds the pods and related objects, `sockets` determines what nginx listens on, `controller` implements the
controller protocol.
"""
