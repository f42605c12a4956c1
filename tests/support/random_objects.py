"""Random objects in Kubernetes' JSON, in which any optional field may be absent or null."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from dsview.kinds.annotations import IGNORE_ANNOTATION
from dsview.kinds.container import ContainerPortWire
from dsview.kinds.ingress import INGRESS_ANNOTATIONS
from dsview.kinds.ingress_class import DEFAULT_CLASS_ANNOTATION
from dsview.kinds.metadata import OwnerReference
from dsview.kinds.node import NODE_ANNOTATIONS
from dsview.kinds.pod import IPAM_ANNOTATIONS, ContainerStatus, PodIP
from dsview.kinds.service import SERVICE_ANNOTATIONS

# Only a few words, so that hosts, names and values coincide; one contains the separators of packed endpoints.
WORDS = st.sampled_from(["", "a", "b", "10.0.0.1", "fd00::1", "Ready", "True", "Pod", "*", "x\ty\nz,"])
ODD_TIMES = ("0001-01-01T00:00:01Z", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
MAPS = st.dictionaries(WORDS, WORDS, max_size=2)
ANNOTATIONS = st.dictionaries(
    st.sampled_from(
        [
            IGNORE_ANNOTATION,
            DEFAULT_CLASS_ANNOTATION,
            "other",
            *IPAM_ANNOTATIONS[:2],
            *NODE_ANNOTATIONS[:2],
            *SERVICE_ANNOTATIONS[:2],
            *INGRESS_ANNOTATIONS[:2],
        ]
    ),
    st.sampled_from(["", "true", "10.0.0.1"]),
    max_size=4,
)
VARIABLES = st.fixed_dictionaries(
    {"name": st.sampled_from(["ISTIO_DUAL_STACK", "KONG_PROXY_LISTEN", "PASSWORD"])},
    optional={"value": WORDS, "valueFrom": st.just({"fieldRef": {"fieldPath": "metadata.name"}})},
)
PROBES: st.SearchStrategy[Any] = st.sampled_from(
    [None, {}, {"httpGet": {"port": 80}}, {"exec": {}, "periodSeconds": 3}, {"tcpSocket": {}}, {"new": 1}]
)


def strategy(type_: inspect.Type, name: str = "") -> st.SearchStrategy[Any]:
    """JSON that an API server might send for a field of this type; any optional field may be absent or null."""
    match type_:
        case inspect.StructType():
            required = {f.encode_name: strategy(f.type, f.encode_name) for f in type_.fields if f.required}
            optional = {f.encode_name: strategy(f.type, f.encode_name) for f in type_.fields if not f.required}
            if "name" in required:
                required["name"] = st.sampled_from(["a", "b"])
            return st.fixed_dictionaries(required, optional=optional)
        case inspect.RawType():
            return raw(name)
        case inspect.UnionType():
            return st.one_of(*(strategy(t, name) for t in type_.types))
        case inspect.ListType():
            return st.lists(strategy(type_.item_type, name), max_size=3)
        case inspect.DictType():
            return MAPS
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return st.integers(0, 3)
        case inspect.DateTimeType():
            return st.sampled_from(["2026-11-20T08:14:01Z", "2026-11-20T08:14:02.123456Z", *ODD_TIMES])
    return WORDS


def raw(name: str) -> st.SearchStrategy[Any]:
    """JSON for a field that `wire` keeps as raw bytes."""
    match name:
        case "labels":
            return st.none() | st.dictionaries(
                st.sampled_from(["app", "kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by"]), WORDS
            )
        case "annotations":
            return st.none() | ANNOTATIONS
        case "ownerReferences":
            return st.none() | st.lists(strategy(inspect.type_info(OwnerReference)), max_size=2)
        case "hostIPs":
            return st.none() | st.lists(strategy(inspect.type_info(PodIP)), max_size=2)
        case "containerStatuses":
            return st.none() | st.lists(strategy(inspect.type_info(ContainerStatus)), max_size=2)
        case "ports":
            return st.none() | st.lists(strategy(inspect.type_info(ContainerPortWire)), max_size=2)
        case "env":
            return st.none() | st.lists(VARIABLES, max_size=3)
        case "envFrom":
            sources = st.fixed_dictionaries({"prefix": st.sampled_from([None, "", "ISTIO_", "DB_"])})
            return st.none() | st.lists(sources, max_size=3)
        case "command" | "args":
            return st.none() | st.lists(WORDS, max_size=2)
    return PROBES
