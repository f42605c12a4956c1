"""`--redact`: a snapshot or a screen without the cluster's names and addresses, but with everything that findings need.

Redaction keeps what is known to matter, instead of removing what is known to be secret: free text, flags, settings,
annotations and proxy configurations are rebuilt from the few parts that checks read.
"""

from dsview.sources.redact.live import RedactedSource
from dsview.sources.redact.snapshot import redacted

__all__ = ["RedactedSource", "redacted"]
