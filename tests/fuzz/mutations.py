"""Changes of bytes and objects by a seeded generator: truncated, repeated, nested, or out of range."""

from __future__ import annotations

import copy
import gzip
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import yaml

TIMES = (
    *("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "1969-12-31T23:59:59Z"),
    *("2200-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-20T08:14:01", "2026-11-20T24:00:00Z", "10000-01-01"),
    *("2026-11-20T08:14:60Z", "2026-11-20T08:14:01.123456789Z", "-0001-01-01T00:00:00Z"),
)
NUMBERS = (0, -1, 1, 65536, 2**31, 2**63, -(2**63) - 1, 2**64, 10**40, 1e308, -0.0, 1e-320)
TEXTS = (
    *(
        "",
        " ",
        "\x00",
        "\x1b[2J",
        "\ud800",
        "\u202e",
        "\ufeff",
        "a" * 5000,
        "::1",
        "fd00::1%eth0",
        "10.0.0.0/33",
        "::/129",
    ),
    *(
        "0x7f.1",
        "1.2.3.4.5",
        "::ffff:1.2.3.4",
        "*",
        "${x}",
        "$(POD_NAMESPACE)/x",
        "../../etc",
        "{{",
        "%s",
        "%n",
        "'",
        '"',
    ),
)
TOKENS = (
    *(
        b"",
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\n",
        b"\r\n",
        b"\t",
        b"---\n",
        b"...\n",
        b"- ",
        b": ",
        b"&a ",
        b"*a",
    ),
    *(
        b"<<: *a\n",
        b"!!python/object:os.system",
        b"!!binary ",
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"'",
        b"\\",
        b"\\u0000",
        b"\\ud800",
    ),
    *(
        b"null",
        b"true",
        b"1e999",
        b"-0",
        b"0x1F",
        b"items:\n",
        b"kind: List\n",
        b'{"kind":"List","items":[',
        b"# ",
        b"|\n",
        b">\n",
    ),
    *(
        b"[[",
        b"]]",
        b"=",
        b'"""',
        b"server {\n",
        b"listen [::]:80;\n",
        b"include /etc/nginx/*;\n",
        b"{%",
        b"lua_block {\n",
    ),
    *(b"\x1f\x8b\x08", b"k8s\x00", b"\xff" * 9 + b"\x01", b"\x80" * 12),
)
NESTING: tuple[Callable[[int], bytes], ...] = (
    lambda depth: b"[" * depth,
    lambda depth: b"[" * depth + b"]" * depth,
    lambda depth: b'{"a":' * depth,
    lambda depth: b'{"a":' * depth + b"1" + b"}" * depth,
    lambda depth: b"- " * depth,
    lambda depth: b"".join(b" " * i + b"a:\n" for i in range(min(depth, 400))),
    lambda depth: b"{a: " * depth,
    lambda depth: b"a {" * depth,
    lambda depth: b"a." * depth,
    lambda depth: b"\x0a\x7f" * depth,
    lambda depth: b"? " * depth,
)


def changed_bytes(data: bytes, others: Sequence[bytes], by: random.Random) -> bytes:
    """The bytes with one to four changes; `others` are sources of parts."""
    for _ in range(by.randrange(1, 5)):
        at = by.randrange(len(data) + 1)
        to = min(len(data), at + by.choice((1, 1, 2, 4, 16, 100, 1000)))
        match by.randrange(10):
            case 0:
                data = data[:at] + data[to:]
            case 1:
                data = data[:at] + data[at:to] * by.choice((2, 2, 3, 50)) + data[to:]
            case 2:
                data = data[:at] + by.randbytes(by.randrange(1, 5)) + data[to:]
            case 3 | 4:
                data = data[:at] + by.choice(TOKENS) + data[by.choice((at, to)) :]
            case 5:
                other = by.choice(others)
                begin = by.randrange(len(other) + 1)
                data = data[:at] + other[begin : begin + by.choice((10, 100, 1000))] + data[to:]
            case 6:
                data = data[:at]
            case 7 if data:
                flipped = bytearray(data)
                flipped[at % len(data)] ^= 1 << by.randrange(8)
                data = bytes(flipped)
            case 8 if by.random() < 0.3:
                data = data[:at] + by.choice(NESTING)(by.choice((10, 60, 300, 3000))) + data[to:]
            case _:
                value = by.choice((by.choice(TIMES), str(by.choice(NUMBERS)), by.choice(TEXTS)))
                data = data[:at] + value.encode("utf-8", "surrogatepass") + data[to:]
    return data


def changed_value(value: Any, by: random.Random) -> Any:
    """A copy of JSON with one to five values replaced, omitted, repeated or nested."""
    value = copy.deepcopy(value)
    for _ in range(by.randrange(1, 6)):
        around = value
        while isinstance(around, dict | list) and around:
            key = by.choice(list(around)) if isinstance(around, dict) else by.randrange(len(around))
            if not isinstance(around[key], dict | list) or not around[key] or by.random() < 0.15:
                break
            around = around[key]
        else:
            continue
        match by.randrange(9):
            case 0:
                del around[key]
            case 1:
                around[key] = by.choice((None, True, False, [], {}, [[]], [{}], [None]))
            case 2:
                around[key] = by.choice(NUMBERS)
            case 3 | 4:
                around[key] = by.choice(TIMES)
            case 5 | 6:
                around[key] = by.choice(TEXTS)
            case 7:
                around[key] = [around[key]] * by.randrange(4)
            case _:
                for _ in range(by.choice((1, 5, 30))):
                    around[key] = by.choice(([around[key]], {"a": around[key]}, {key: around[key]}))
    return value


def written(value: Any, by: random.Random) -> bytes:
    """A JSON value as a file or a response may contain it."""
    match by.randrange(8):
        case 0:
            return json.dumps(value, indent=by.choice((1, 4))).encode("utf-8", "surrogatepass")
        case 1 | 2:
            try:
                return str(yaml.dump(value, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper))).encode()
            except (UnicodeEncodeError, yaml.YAMLError):
                return json.dumps(value).encode()
        case 3:
            return gzip.compress(json.dumps(value).encode(), 1, mtime=0)
        case 4:
            return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
        case _:
            return json.dumps(value).encode()
