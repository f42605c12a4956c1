"""Answers made from the cluster and its findings: overview, causes, trace, plan, timeline. Headless."""
