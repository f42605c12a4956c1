"""`--redact`: a snapshot or a screen without the names and addresses of its cluster, with all that findings rest on.

What is not known to matter is left out, rather than what is known to be secret: free text, flags, settings, annotations
and proxy configurations are written anew from the few things in them that checks read.
"""

from dsview.sources.redact.live import RedactedSource
from dsview.sources.redact.snapshot import redacted

__all__ = ["RedactedSource", "redacted"]
