"""`dsview rbac`: the least ClusterRole, made from the kinds that are read, and a CronJob that needs no more."""

from __future__ import annotations

from collections.abc import Sequence

from dsview.cluster.component_settings import COREDNS, KUBE_PROXY
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.listeners.registry import CONF_COMMANDS, CONFIG_MAP_NAMES, READ_IN_PODS

_Granted = dict[tuple[str, tuple[str, ...]], list[str]]
"""Resources by their API group and the verbs that are granted for them."""

_HEAD = """\
# The least that dsview needs to show everything. It never writes, and never reads Secrets.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: dsview
rules:
"""
_EXEC = """\
  # To print their configuration (COMMANDS, nothing else) in the pods of
  # CONTROLLERS.
  # Without it listeners are predicted.
  # Better granted by a Role in the namespace of these pods. From Kubernetes 1.35 on `create` is asked for too.
  - apiGroups: [""]
    resources: ["pods/exec"]
    verbs: ["get", "create"]
"""
_ADD_ONS = """\
  # Gateways and what their controllers are set up with. Leave out what the cluster does not serve.
"""
_NAMED = """\
  # ConfigMaps are read by name only. Add the one that the controller's --configmap names, if it is another.
  - apiGroups: [""]
    resources: ["configmaps"]
    resourceNames: [NAMES]
    verbs: ["get", "list", "watch"]
"""


_NAMESPACE = """\
# A check of the cluster every hour. `kubectl apply -f -` takes it; the exit code of a run is its verdict.
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
      # A run that finds errors fails, and is not tried again: the next one comes in an hour.
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
              # Without exec listeners are predicted from the ConfigMap and the pods.
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


def cluster_role(*, with_exec: bool = True) -> str:
    """The ClusterRole as YAML."""
    groups: _Granted = {}
    add_ons: _Granted = {}
    for kind, resource in RESOURCES.items():
        if kind is not Kind.CONFIG_MAP:
            granted = add_ons if resource.optional else groups
            granted.setdefault((resource.group, _verbs(kind)), []).append(resource.plural)
    names = ", ".join(map(_quoted, (KUBE_PROXY[1], COREDNS[1], *CONFIG_MAP_NAMES)))
    return "".join(
        (
            _HEAD,
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
    """The commands for people; of `cat` the name alone."""
    shown = dict.fromkeys(command[0] if command[0] == "cat" else " ".join(command) for command in CONF_COMMANDS)
    return _listed([f"`{command}`" for command in shown], "or")


def cronjob(image: str) -> str:
    """A CronJob that checks the cluster it runs in, with the ClusterRole it needs: no exec, nothing that writes."""
    return "---\n".join(
        (_NAMESPACE, cluster_role(with_exec=False), _BINDING, _CRONJOB.replace("IMAGE", _quoted(image)))
    )


def _verbs(kind: Kind) -> tuple[str, ...]:
    """What is asked about a kind. Events are only listed, each minute; what the YAML view shows is read alone."""
    if kind is Kind.EVENT:
        return ("list",)
    return ("get", "list", "watch") if RESOURCES[kind].has_detail else ("list", "watch")


def _rules(groups: _Granted) -> str:
    return "".join(
        f'  - apiGroups: ["{group}"]\n    resources: [{", ".join(map(_quoted, sorted(plurals)))}]\n'
        f"    verbs: [{', '.join(map(_quoted, verbs))}]\n"
        for (group, verbs), plurals in sorted(groups.items())
    )


def _quoted(text: str) -> str:
    return f'"{text}"'
