"""Port numbers that are written as text."""

from __future__ import annotations

import pytest

from dsview.core.ports import port_number
from dsview.kinds.container import Container, ContainerPort
from dsview.kinds.pod import Pod
from dsview.kinds.service import ServicePort
from dsview.listeners.ingress_nginx.pods import public_ports
from dsview.listeners.ports import target_port

NO_PORTS = ["", "0", "-1", "+80", " 80", "8_0", "http", "65536", "²", "٨٠", "8" * 5_000]


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("80", 80), ("08080", 8080), ("65535", 65_535)])
def test_a_number_with_or_without_leading_zeros_is_a_port(text: str, number: int) -> None:
    assert port_number(text) == number


@pytest.mark.parametrize("text", NO_PORTS, ids=lambda text: text[:8])
def test_what_is_no_port_is_none_and_raises_nothing(text: str) -> None:
    assert port_number(text) is None


@pytest.mark.parametrize("text", NO_PORTS, ids=lambda text: text[:8])
def test_flag_of_a_controller_that_names_no_port_leaves_the_declared_one(text: str) -> None:
    command_line = ("/nginx-ingress-controller", f"--http-port={text}")
    controller = Container("controller", "", command_line, (ContainerPort("http", 8080, "TCP"),), ())
    assert public_ports(Pod(name="a", containers=(controller,))) == {"http": 8080, "https": 443}


@pytest.mark.parametrize("text", ["²", "8" * 5_000], ids=lambda text: text[:8])
def test_target_port_that_is_no_number_is_a_name(text: str) -> None:
    port = ServicePort("", "TCP", 80, text)
    named = Container("a", "", (), (ContainerPort(text, 8080, "TCP"),), ())
    assert target_port(port, Pod(name="a")) is None
    assert target_port(port, Pod(name="a", containers=(named,))) == 8080
