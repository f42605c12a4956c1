"""EndpointSlices, packed: 15,000 slices with 300,000 endpoints as Structs cost 120 to 200 MB, joined text 20 MB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from dsview.kinds.objects import Key, Object

_READY = 1


class Endpoint(msgspec.Struct, frozen=True, gc=False):
    """One endpoint of a slice, unpacked for reading.

    `ready` is true unless the condition is false: null means ready. `target` is the Pod it
    stands for, namespace and name; `target_uid` that Pod's uid; both empty where a writer gave none.
    """

    addresses: tuple[str, ...]
    ready: bool
    target: Key
    target_uid: str
    node_name: str

    @property
    def identity(self) -> str:
        """What makes endpoints distinct: the target's uid, else its name, else the addresses."""
        return self.target_uid or "/".join(self.target).strip("/") or ",".join(self.addresses)


class EndpointSlice(Object, frozen=True, gc=False, kw_only=True):
    """A discovery.k8s.io/v1 EndpointSlice.

    `service_name` and `managed_by` are the labels of that meaning. Endpoints are kept packed in `rows`, one line
    each, fields separated by tabs; `endpoints()` unpacks them.
    """

    address_type: str = ""
    service_name: str = ""
    managed_by: str = ""
    size: int = 0
    rows: str = ""

    def endpoints(self) -> Iterator[Endpoint]:
        """The endpoints, in the order of the object."""
        return map(unpack, self.packed())

    def packed(self) -> list[str]:
        """The rows, for `unpack` and its like."""
        return self.rows.split("\n") if self.size else []


def unpack(row: str) -> Endpoint:
    """The endpoint of a row."""
    flags, addresses, namespace, name, uid, node_name = row.split("\t")
    return Endpoint(
        addresses=tuple(addresses.split(",")) if addresses else (),
        ready=bool(int(flags) & _READY),
        target=(namespace, name),
        target_uid=uid,
        node_name=node_name,
    )


def unpack_identity(row: str) -> tuple[str, bool]:
    """`Endpoint.identity` and `ready` of a row, at a third of the price of all of it."""
    flags, addresses, namespace, name, uid, _ = row.split("\t")
    return uid or f"{namespace}/{name}".strip("/") or addresses, flags == "1"


def unpack_addresses(row: str) -> tuple[str, ...]:
    """`Endpoint.addresses` of a row."""
    addresses = row.split("\t", 2)[1]
    return tuple(addresses.split(",")) if addresses else ()


def pack(endpoints: Iterable[Endpoint]) -> tuple[int, str]:
    """How many endpoints there are, and their rows. Separators inside hostile text become spaces."""
    rows = [
        "\t".join(
            (
                str(_READY if e.ready else 0),
                ",".join(_clean(a).replace(",", " ") for a in e.addresses),
                _clean(e.target[0]),
                _clean(e.target[1]),
                _clean(e.target_uid),
                _clean(e.node_name),
            )
        )
        for e in endpoints
    ]
    return len(rows), "\n".join(rows)


def _clean(text: str) -> str:
    return text if text.isprintable() else text.replace("\t", " ").replace("\n", " ")
