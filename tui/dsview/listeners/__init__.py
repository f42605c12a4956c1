"""The controllers of front doors, one module or package each, and the sockets of their proxy pods.

This package is below `sources` and `cluster`, because sources parse the proxies' configuration files and the cluster
indexes the proxy pods. A controller therefore queries the cluster through the protocol `ClusterReader`, which
`ClusterState` satisfies. To add a controller, write its module and add one line to `registry`.
"""
