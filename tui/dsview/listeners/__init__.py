"""Front doors: the controllers, one module or package each, and what their proxy pods listen on.

This package is below `sources` and `cluster`, although a controller needs the cluster to predict its sockets: sources
parse the proxies' configuration files, and the cluster indexes the proxy pods, so both import controllers. A controller
queries the cluster through the protocol `ClusterReader`, which `ClusterState` satisfies. To add a controller, write its
module and add one line to `registry`.
"""
