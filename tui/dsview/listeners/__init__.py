"""Front doors: the controllers, one module or package each, and what their proxy pods listen on.

The room stands below `sources` and `cluster`, although a controller looks at the cluster to predict its sockets:
sources parse the files that proxies are configured by, and the cluster keeps an index of the proxy pods, so both need
to know controllers. What a controller needs of the cluster is a short list instead, the protocol `ClusterReader`, which
`ClusterState` satisfies. To add a controller, write its module and add one line to `registry`.
"""
