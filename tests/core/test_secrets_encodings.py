"""A credential is hidden in every encoding that a server may quote or dsview may produce, and nothing else."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsview.core import secrets
from dsview.core.secrets import HIDDEN, register_secrets, without_secrets

TOKEN = 'ab+c/d"e<f>g&h i\\j~kLMN0123-ü'


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """No test hides the credentials of another one."""
    yield
    secrets._registered.clear()


def fully(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "upper case": lambda text: text.encode().upper().decode(),
    "JSON": json.dumps,
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON of Go": lambda text: json.dumps(text).replace("<", "\\u003c").replace(">", "\\u003E").replace("&", "\\u0026"),
    "JSON with slashes escaped": lambda text: json.dumps(text).replace("/", "\\/"),
    "Python": lambda text: repr(text.encode()),
    "URL": lambda text: quote(text, safe=""),
    "path": quote,
    "URL in lower case": lambda text: quote(text, safe="").lower(),
    "URL, everything": fully,
    "URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "HTML": html.escape,
    "HTML by numbers": lambda text: "".join(f"&#{ord(c)};" if not c.isalnum() else c for c in text),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 without its end": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 in a URL": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "basic auth": lambda text: base64.b64encode(f"me:{text}".encode()).decode(),
    "base64 of more": lambda text: base64.b64encode(f"user:{text}, and more".encode()).decode(),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
@pytest.mark.parametrize("secret", [TOKEN, "opaque-token-1", "p/w+d=", "'\"\\\\%41&amp;"])
def test_a_credential_is_hidden_in_every_encoding(encode: Callable[[str], str], secret: str) -> None:
    register_secrets([secret])
    said = without_secrets(f"the server says {encode(secret)} at the end")
    assert HIDDEN in said
    assert said.startswith("the server says ")
    assert said.endswith(" at the end")
    left = said.removeprefix("the server says ").removesuffix(" at the end").replace(HIDDEN, "")
    assert len(left) <= len("'user:', and more") * 4 // 3
    assert not any(secret[i : i + 4].lower() in left.lower() for i in range(len(secret) - 3))


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs"]), min_size=6, max_size=60),
    st.sampled_from(sorted(ENCODINGS)),
    st.binary(max_size=5),
)
def test_any_credential_is_hidden(secret: str, encoding: str, before: bytes) -> None:
    secrets._registered.clear()
    register_secrets([secret])
    prefix = before.hex()
    encoded = ENCODINGS[encoding](secret)
    assert HIDDEN in without_secrets(f"{prefix} {encoded} {prefix}")
    whole = base64.b64encode(before + secret.encode() + before).decode()
    assert HIDDEN in without_secrets(whole)


@given(st.text(max_size=200))
def test_text_without_credentials_is_unchanged(text: str) -> None:
    secrets._registered.clear()
    register_secrets(["opaque-token-of-nobody"])
    looks_like_a_credential = secrets._CREDENTIAL.search(text) is not None
    assert looks_like_a_credential or without_secrets(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "%41%42 \\u0041 &amp; \\n \\x41 100% & <b> C:\\new",
        "opaque-token-of",
        base64.b64encode(b"something else that is as long as it").decode(),
        quote_plus("a query=with spaces & signs"),
        "\ud800 lone surrogates too",
    ],
)
def test_escapes_of_anything_else_stay_as_they_are(text: str) -> None:
    register_secrets(["opaque-token-of-nobody"])
    assert without_secrets(text) == text


def test_all_of_several_credentials_are_hidden_and_what_stands_between_them_stays() -> None:
    register_secrets(["first-secret", "second-secret", "secret-second"])
    assert without_secrets("a first-secret%20b second-secret-second c") == f"a {HIDDEN}%20b {HIDDEN} c"


def test_a_text_of_many_escapes_takes_time_in_proportion() -> None:
    register_secrets(["opaque-token-of-nobody"])
    text = "%41\\u0041&#65;" * 20_000
    assert without_secrets(text) == text
