"""Finds the stylesheets, in a wheel and in a checkout."""

from __future__ import annotations

from pathlib import Path

import dsview


def styles_dir() -> Path:
    """The folder of the `.tcss` files.

    A wheel carries it inside the package. A checkout has it beside `tui/`, and an editable install may leave a stale
    copy in site-packages; so it is looked for from where the package itself is.

    Raises:
        FileNotFoundError: The package was installed without its stylesheets.
    """
    package = Path(dsview.__file__).resolve().parent
    for folder in (package / "styles", package.parent.parent / "styles"):
        if (folder / "app.tcss").is_file():
            return folder
    raise FileNotFoundError("dsview's stylesheets are missing from the installation; install dsview again.")
