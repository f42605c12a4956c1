"""Results computed from the cluster and its findings: overview, causes, trace, plan, timeline. No screen."""
