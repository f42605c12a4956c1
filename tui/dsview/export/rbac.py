"""The manifests of `dsview rbac`: the smallest sufficient ClusterRole, and a CronJob that uses it."""

from __future__ import annotations

from collections.abc import Sequence

from dsview.cluster.component_settings import COREDNS, KUBE_PROXY
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.listeners.registry import CONF_COMMANDS, CONFIG_MAP_NAMES, READ_IN_PODS

_Granted = dict[tuple[str, tuple[str, ...]], list[str]]
"""Resources by API group and granted verbs."""

_EVERYTHING = "dsview shows everything"
_CHECKS_ONLY = "`dsview check` reads everything"
_HEAD = """\
# The smallest ClusterRole with which WHAT. dsview never writes and never reads Secrets.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: dsview
rules:
"""
_EXEC = """\
  # To print the configuration (COMMANDS, nothing else) in the pods of
  # CONTROLLERS.
  # Without this rule, listeners are predicted.
  # A Role in the namespace of these pods is better. Kubernetes 1.35 and later also require `create`.
  - apiGroups: [""]
    resources: ["pods/exec"]
    verbs: ["get", "create"]
"""
_ADD_ONS = """\
  # Gateways and the settings of their controllers. Remove what the cluster does not serve.
"""
_NAMED = """\
  # ConfigMaps are read by name only. If the controller's --configmap names another one, add it.
  - apiGroups: [""]
    resources: ["configmaps"]
    resourceNames: [NAMES]
    verbs: ["get", "list", "watch"]
"""


_NAMESPACE = """\
# Checks the cluster every hour. Install it with `kubectl apply -f -`; the exit code of a run is its verdict.
apiVersion: v1
kind: Namespace
metadata:
  name: dsview
  labels:
    pod-security.kubernetes.io/enforce: restricted
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: dsview
  namespace: dsview
"""
_BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: dsview
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: dsview
subjects:
  - kind: ServiceAccount
    name: dsview
    namespace: dsview
"""
_CRONJOB = """\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: dsview
  namespace: dsview
spec:
  schedule: "17 * * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      # A run that finds errors fails and is not retried: the next one follows an hour later.
      backoffLimit: 0
      activeDeadlineSeconds: 600
      template:
        spec:
          serviceAccountName: dsview
          restartPolicy: Never
          securityContext:
            runAsNonRoot: true
            runAsUser: 65532
            runAsGroup: 65532
            seccompProfile: {type: RuntimeDefault}
          containers:
            - name: dsview
              image: IMAGE
              # Without exec, listeners are predicted from the ConfigMap and the pods.
              args: ["check", "--no-exec", "--timeout", "5m"]
              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities: {drop: ["ALL"]}
              resources:
                # Enough for 150,000 pods.
                requests: {cpu: 100m, memory: 128Mi}
                limits: {memory: 512Mi}
"""


def cluster_role(*, with_exec: bool = True, with_details: bool = True) -> str:
    """The ClusterRole as YAML. `with_details`: include what the screen needs to show single objects."""
    groups: _Granted = {}
    add_ons: _Granted = {}
    for kind, resource in RESOURCES.items():
        if kind is not Kind.CONFIG_MAP:
            granted = add_ons if resource.optional else groups
            granted.setdefault((resource.group, _verbs(kind, with_details=with_details)), []).append(resource.plural)
    names = ", ".join(map(_quoted, (KUBE_PROXY[1], COREDNS[1], *CONFIG_MAP_NAMES)))
    return "".join(
        (
            _HEAD.replace("WHAT", _EVERYTHING if with_details else _CHECKS_ONLY),
            _rules(groups),
            _ADD_ONS,
            _rules(add_ons),
            _NAMED.replace("NAMES", names),
            _EXEC.replace("CONTROLLERS", _listed(READ_IN_PODS)).replace("COMMANDS", _commands()) if with_exec else "",
        )
    )


def _listed(names: Sequence[str], word: str = "and") -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def _commands() -> str:
    """The commands as text. Those with `cat` are shown without their arguments."""
    shown = dict.fromkeys(command[0] if command[0] == "cat" else " ".join(command) for command in CONF_COMMANDS)
    return _listed([f"`{command}`" for command in shown], "or")


def cronjob(image: str) -> str:
    """A CronJob that checks the cluster it runs in, with the ClusterRole it needs: no exec, no writes."""
    return "---\n".join(
        (
            _NAMESPACE,
            cluster_role(with_exec=False, with_details=False),
            _BINDING,
            _CRONJOB.replace("IMAGE", _quoted(image)),
        )
    )


def _verbs(kind: Kind, *, with_details: bool) -> tuple[str, ...]:
    """The verbs for a kind. Events are only listed, once a minute. The YAML view needs `get`."""
    if kind is Kind.EVENT:
        return ("list",)
    return ("get", "list", "watch") if with_details and RESOURCES[kind].has_detail else ("list", "watch")


def _rules(groups: _Granted) -> str:
    return "".join(
        f'  - apiGroups: ["{group}"]\n    resources: [{", ".join(map(_quoted, sorted(plurals)))}]\n'
        f"    verbs: [{', '.join(map(_quoted, verbs))}]\n"
        for (group, verbs), plurals in sorted(groups.items())
    )


def _quoted(text: str) -> str:
    return f'"{text}"'
