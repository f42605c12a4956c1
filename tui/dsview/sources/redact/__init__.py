"""`--redact`: a snapshot or a screen without the cluster's names and addresses, with all that findings need.

Everything that is not known to matter is omitted, instead of what is known to be secret: free text, flags, settings,
annotations and proxy configurations are rebuilt from the few parts that checks read.
"""

from dsview.sources.redact.live import RedactedSource
from dsview.sources.redact.snapshot import redacted

__all__ = ["RedactedSource", "redacted"]
