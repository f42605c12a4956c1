"""nginx as NGINX Gateway Fabric and F5's controller run it: the output of `nginx -T`, the pane and the kernel agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsview.core.address import V4, V6, Family
from dsview.core.listen import ListenSource
from dsview.listeners.proxies import listeners_of, live_proxies
from tests.support import doors
from tests.support.doors import Json, load
from tests.support.kernel_sockets import free_ports, has_ipv6_loopback

from .nginx_process import binary, has_stream, nginx

pytestmark = [
    pytest.mark.skipif(binary() is None, reason="no nginx is installed (Debian: apt-get install nginx-light)"),
    pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the sockets are read from Linux's /proc/net"),
    pytest.mark.skipif(not has_ipv6_loopback(), reason="this machine has no IPv6 loopback (::1)"),
    pytest.mark.skipif(
        binary() is not None and not has_stream(), reason="nginx has no stream module (Debian: libnginx-mod-stream)"
    ),
]

V4_LISTEN = "    listen {port}{more};\n"
V6_LISTEN = "    listen [::]:{port}{more};\n"


def listens(port: int, families: tuple[Family, ...], more: str = "") -> str:
    """The listen directives of a server, as both controllers write them."""
    lines = [line for family, line in ((V4, V4_LISTEN), (V6, V6_LISTEN)) if family in families]
    return "".join(line.format(port=port, more=more) for line in lines)


def compare(items: list[Json], pod: str, blocks: dict[str, str], files: dict[str, str], folder: Path) -> None:
    """The public sockets in the pane are those that the kernel lists for nginx."""
    with nginx(**blocks, files=files) as running:
        printed = running.printed()
        kernel = {(s.table.removesuffix("6"), V6 if s.table.endswith("6") else V4, s.port) for s in running.sockets()}
    session = load(items, folder, {pod: printed.decode()})
    (proxy,) = live_proxies(session.state)
    conf = listeners_of(session.state, proxy)

    assert conf.source is ListenSource.READ, conf.reason
    shown = {(x.transport, family, x.port) for x in conf.listeners for family in x.families if not x.internal}
    assert shown == kernel


@pytest.mark.parametrize("families", [(V4, V6), (V4,), (V6,)], ids=["dual", "ipv4", "ipv6"])
def test_the_sockets_of_nginx_gateway_fabric_are_those_of_a_real_nginx(
    families: tuple[Family, ...], tmp_path: Path
) -> None:
    port, passthrough, health = free_ports()
    http = """    include HOME/conf.d/*.conf;
    server {
        listen unix:HOME/nginx-status.sock;
        location /stub_status { return 200; }
    }
"""
    stream = "    include HOME/stream-conf.d/*.conf;"
    files = {
        "conf.d/http.conf": f"server {{\n{listens(port, families, ' default_server')}    return 404;\n}}\n"
        f"server {{\n{listens(port, families)}    server_name shop.example.com;\n}}\n"
        "server {\n    listen unix:HOME/nginx-500-server.sock;\n    return 500;\n}\n",
        "conf.d/health.conf": f"server {{\n{listens(health, families)}    return 200;\n}}\n",
        "stream-conf.d/stream.conf": f"server {{\n{listens(passthrough, families)}    return tls;\n}}\n"
        'server {\n    listen unix:HOME/connection-closed-server.sock;\n    return "";\n}\n',
    }
    blocks = {"http": http, "stream": stream}
    compare(doors.nginx_gateway_fabric("dual", port=port), "web-nginx-1", blocks, files, tmp_path)


@pytest.mark.parametrize("families", [(V4, V6), (V4,)], ids=["dual", "-disable-ipv6"])
def test_the_nginx_ingress_controller(families: tuple[Family, ...], tmp_path: Path) -> None:
    port, secure, passthrough = free_ports()
    http = """    map $request_uri $request_uri_no_args {
        "~^(?P<path>[^?]*)(\\?.*)?$" $path;
    }
    include HOME/config-version.conf; include HOME/conf.d/*.conf;
    server {
        listen unix:HOME/nginx-502-server.sock;
        return 502;
    }
"""
    stream = f"""    map $remote_addr $dest_internal_passthrough {{
        default unix:HOME/passthrough-https.sock;
        include HOME/tls-passthrough-hosts.conf;
    }}
    server {{
{listens(passthrough, families)}        proxy_pass $dest_internal_passthrough;
    }}
    include HOME/stream-conf.d/*.conf;
"""
    files = {
        "config-version.conf": "server {\n    listen unix:HOME/nginx-config-version.sock;\n    return 200 1;\n}\n",
        "tls-passthrough-hosts.conf": "127.0.0.9 unix:HOME/a.sock;\n",
        "conf.d/edge-shop.conf": f"server {{\n{listens(port, families)}{listens(secure, families)}"
        "    server_name shop.example.com;\n}\n",
    }
    words = () if V6 in families else ("-disable-ipv6",)
    items = doors.nginx_ingress_controller(*words, ports=(port, secure))
    compare(items, "nic-1", {"http": http, "stream": stream}, files, tmp_path)
