"""Reads kubeconfigs, merged as in kubectl, and resolves the context to use. Does not import kubernetes.

The official client can read them too, but with the slow YAML loader, and with error messages for developers. It only
receives the resolved context, and handles credentials, exec plug-ins and TLS.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from dsview.core.errors import UserError
from dsview.core.secrets import credentials, register_secrets
from dsview.core.text import safe
from dsview.core.yaml_text import YamlError, load_yaml
from dsview.sources.bounded_files import CERTIFICATES, KUBECONFIG, read_bounded

IN_CLUSTER = "in-cluster"
_NAMED = ("clusters", "contexts", "users")
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
"""The fields of a cluster or a user that name a file."""


class ContextInfo(msgspec.Struct, frozen=True):
    """A context to choose from: its name, the server of its cluster, and whether it is the current one."""

    name: str
    server: str
    is_current: bool


class ResolvedContext(msgspec.Struct, frozen=True, kw_only=True):
    """The context to use. `config` is a kubeconfig that contains only this context; None means in-cluster."""

    name: str
    namespace: str = ""
    server: str = ""
    skips_tls_verify: bool = False
    config: dict[str, Any] | None = None

    @property
    def plugin(self) -> str:
        """The command of the credential plug-in, without its folder; empty if there is none."""
        users = (self.config or {}).get("users") or [{}]
        user = users[0].get("user")
        plugin = user.get("exec") if isinstance(user, dict) else None
        return Path(str(plugin.get("command") or "")).name if isinstance(plugin, dict) else ""


def kubeconfig_paths(kubeconfig: str | None) -> list[Path]:
    """The files to read: `--kubeconfig`, otherwise $KUBECONFIG, otherwise ~/.kube/config."""
    if kubeconfig:
        return [Path(kubeconfig).expanduser()]
    named = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [Path(part).expanduser() for part in named] or [Path.home() / ".kube" / "config"]


def _read(path: Path) -> dict[str, Any]:
    try:
        values = list(load_yaml(read_bounded(path, KUBECONFIG)))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserError(safe(f"The kubeconfig {path} cannot be read: {error.strerror or error}.")) from None
    except YamlError as error:
        where = f" (line {error.line})" if error.line else ""
        raise UserError(
            safe(f"The kubeconfig {path} is not valid YAML{where}. Fix it, or name another with --kubeconfig.")
        ) from None
    if values in ([], [None]):
        return {}
    if len(values) > 1:
        raise UserError(safe(f"The kubeconfig {path} is malformed: it contains several documents."))
    if not isinstance(values[0], dict):
        raise UserError(safe(f"The kubeconfig {path} is malformed: it is not a mapping."))
    return values[0]


def _absolute(entry: Any, folder: Path) -> Any:
    """An entry with its relative paths resolved against the folder of its file."""
    if not isinstance(entry, dict):
        return entry
    resolved = dict(entry)
    for key in _PATHS:
        value = resolved.get(key)
        if isinstance(value, str) and value:
            resolved[key] = str(folder / Path(value).expanduser())
    plugin = resolved.get("exec")
    if isinstance(plugin, dict) and isinstance(plugin.get("command"), str) and "/" in plugin["command"]:
        resolved["exec"] = {**plugin, "command": str(folder / Path(plugin["command"]).expanduser())}
    return resolved


def _flag(entry: Mapping[str, Any], key: str, context: str) -> bool:
    """A boolean field. Raises `UserError` for anything else, such as the text "false"."""
    value = entry.get(key)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise UserError(safe(f"{key} of the context {context!r} must be true or false, without quotes, in the kubeconfig."))


def _require_plugin(user: object) -> None:
    """Raise `UserError` if the user's credential plug-in is not installed."""
    plugin = user.get("exec") if isinstance(user, dict) else None
    command = plugin.get("command") if isinstance(plugin, dict) else None
    if isinstance(plugin, dict) and isinstance(command, str) and shutil.which(command) is None:
        hint = str(plugin.get("installHint") or "").strip()
        raise UserError(
            safe(f"The credential plug-in {command} that the kubeconfig names was not found. {hint[:300]}".strip())
        )


class Kubeconfig:
    """The merged files: the first definition of a name takes precedence."""

    def __init__(self, kubeconfig: str | None) -> None:
        self.paths = kubeconfig_paths(kubeconfig)
        self.current = ""
        self._entries: dict[str, dict[str, Any]] = {kind: {} for kind in _NAMED}
        self.exists = False
        for path in self.paths:
            data = _read(path)
            self.exists = self.exists or bool(data)
            self.current = self.current or str(data.get("current-context") or "")
            folder = path.resolve().parent
            for kind in _NAMED:
                rows = data.get(kind) or []
                if not isinstance(rows, list):
                    raise UserError(safe(f"The kubeconfig {path} is malformed: {kind} is not a list."))
                for row in rows:
                    if isinstance(row, dict) and isinstance(row.get("name"), str):
                        inner = _absolute(row.get(kind[:-1]) or {}, folder)
                        self._entries[kind].setdefault(row["name"], inner)

    def contexts(self, chosen: str | None) -> list[ContextInfo]:
        """All contexts, in the order of the files."""
        current = chosen or self.current
        return [
            ContextInfo(name, str(self._cluster(context).get("server") or ""), name == current)
            for name, context in self._entries["contexts"].items()
            if isinstance(context, dict)
        ]

    def _cluster(self, context: dict[str, Any]) -> dict[str, Any]:
        cluster = self._entries["clusters"].get(str(context.get("cluster")))
        return cluster if isinstance(cluster, dict) else {}

    def resolve(self, chosen: str | None) -> ResolvedContext:
        """The chosen or current context. Raises `UserError` with a sentence that suggests a remedy."""
        where = safe(os.pathsep.join(map(str, self.paths)))
        if not self.exists:
            raise UserError(
                f"No kubeconfig was found at {where}. Name one with --kubeconfig or $KUBECONFIG, or try `dsview "
                "--demo`."
            )
        name = chosen or self.current
        if not name:
            raise UserError(f"The kubeconfig {where} has no current context. Choose one with --context.")
        context = self._entries["contexts"].get(name)
        if not isinstance(context, dict):
            known = ", ".join(list(self._entries["contexts"])[:8]) or "none"
            raise UserError(safe(f"There is no context {name!r} in the kubeconfig. There are: {known}."))
        cluster = self._cluster(context)
        if not cluster.get("server"):
            raise UserError(safe(f"Context {name!r} names cluster {context.get('cluster')!r}, which has no server."))
        user_name = str(context.get("user") or "")
        user = self._entries["users"].get(user_name)
        if user_name and not isinstance(user, dict):
            raise UserError(safe(f"Context {name!r} names user {user_name!r}, which is not in the kubeconfig."))
        if isinstance(user, dict):
            register_secrets(credentials(user), public=(name, str(cluster["server"])))
        _require_plugin(user)
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": context}],
            "clusters": [{"name": context.get("cluster"), "cluster": cluster}],
            "users": [{"name": user_name, "user": user}] if user_name else [],
        }
        return ResolvedContext(
            name=name,
            namespace=str(context.get("namespace") or ""),
            server=str(cluster["server"]),
            skips_tls_verify=_flag(cluster, "insecure-skip-tls-verify", name),
            config=config,
        )


def check_files(config: Mapping[str, Any]) -> None:
    """Verify that every file in a resolved context is readable and within its limit. Raises `OSError`."""
    for row in (*config["clusters"], *config["users"]):
        entry = row.get("cluster") or row.get("user") or {}
        for key in _PATHS:
            if isinstance(entry.get(key), str) and not entry.get(f"{key}-data"):
                read_bounded(entry[key], CERTIFICATES)


def resolve_context(kubeconfig: str | None, chosen: str | None) -> ResolvedContext:
    """The context to use; in a pod without a kubeconfig, the pod's service account. Raises `UserError`."""
    in_pod = bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and not kubeconfig and not os.environ.get("KUBECONFIG")
    if in_pod and not chosen and not any(path.exists() for path in kubeconfig_paths(kubeconfig)):
        return ResolvedContext(name=IN_CLUSTER)
    return Kubeconfig(kubeconfig).resolve(chosen)


def list_contexts(kubeconfig: str | None, chosen: str | None) -> list[ContextInfo]:
    """The contexts to choose from; empty in a pod. Raises `UserError` if a file is invalid."""
    return Kubeconfig(kubeconfig).contexts(chosen)
