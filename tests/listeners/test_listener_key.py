"""The typed key of a listener's row."""

from __future__ import annotations

import pytest

from dsview.analysis.listener_keys import ListenerKey
from dsview.core.listen import Listener, Transport
from dsview.kinds.pod import Pod

POD = Pod(name="proxy|odd", namespace="edge")


@pytest.mark.parametrize(
    ("transport", "address", "port", "internal"),
    [("tcp", "*", 443, False), ("quic", "[::]", 443, False), ("tcp", "127.0.0.1", 10246, True)],
)
def test_a_row_key_reads_back_as_what_it_was_made_of(
    transport: Transport, address: str, port: int, internal: bool
) -> None:
    listener = Listener(transport=transport, address=address, port=port, families=(), internal=internal)

    key = ListenerKey.parse(ListenerKey.of(POD, listener).row_key)

    assert (key.pod_key, key.transport, key.port, key.is_internal) == (POD.key, transport, port, internal)


def test_a_pod_whose_listeners_are_not_known_has_a_row_without_a_port() -> None:
    key = ListenerKey.parse(ListenerKey.of(POD, None).row_key)

    assert (key.pod_key, key.transport, key.port) == (POD.key, "", None)


def test_rows_of_a_pod_stand_in_the_order_of_their_ports() -> None:
    ports = (8443, 80, 443)
    listeners = [Listener(transport="tcp", address="*", port=port, families=()) for port in ports]

    keys = sorted(ListenerKey.of(POD, listener).row_key for listener in listeners)

    assert [ListenerKey.parse(key).port for key in keys] == sorted(ports)
