"""The exit codes, defined once for the code, `dsview help exit-codes` and the README (a test compares them)."""

from __future__ import annotations

from dsview.core.errors import EXIT_FAULT, EXIT_USAGE

EXIT_FINDINGS = 1
EXIT_UNREACHABLE = 3
EXIT_REFUSED = 4
EXIT_INTERRUPTED = 130

EXIT_CODES: dict[int, str] = {
    0: "Nothing at or above --fail-on.",
    EXIT_FINDINGS: "Findings at or above --fail-on.",
    EXIT_USAGE: "A mistake on the command line, in a file or in the kubeconfig.",
    EXIT_UNREACHABLE: "The cluster could not be reached, stopped answering before everything was read, or did not "
    "return Services, Pods, Nodes or EndpointSlices.",
    EXIT_REFUSED: "No such findings, but the cluster refused Services, Pods, Nodes or EndpointSlices.",
    EXIT_FAULT: "An internal error of dsview.",
    EXIT_INTERRUPTED: "Interrupted.",
}

OTHER_COMMANDS = (
    "`dsview trace` returns 1 if a family breaks, and 2 if there is no such object. `dsview diff` returns 1 "
    "if the second cluster is worse than the first: an object has a worse finding at or above --fail-on, or lost "
    "a family. `dsview probe` returns 1 if a connection is not open or a DNS record of a published address is missing, "
    "and 3 if nothing failed but a family could not be tested from this machine; 130 if you answer no. "
    "`dsview fleet` returns the code of `dsview check` for the worst cluster: 1, else 3 if one could not be read, "
    "else 4. "
    "Everything else is the same. The other commands return 0, or 2, 3, 70 and 130 for the same reasons."
)
"""The differences for commands other than `dsview check`."""
