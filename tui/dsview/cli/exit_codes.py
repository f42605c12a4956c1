"""The exit codes, once: for the code, for `dsview help exit-codes`, and for the README (a test compares them)."""

from __future__ import annotations

EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
EXIT_REFUSED = 4
EXIT_FAULT = 70
EXIT_INTERRUPTED = 130

EXIT_CODES: dict[int, str] = {
    0: "Nothing at or above --fail-on.",
    EXIT_FINDINGS: "Findings at or above --fail-on.",
    EXIT_USAGE: "Usage or configuration: something on the command line, in a file or in the kubeconfig is wrong.",
    EXIT_UNREACHABLE: "The cluster could not be reached, or did not give Services, Pods, Nodes or EndpointSlices.",
    EXIT_REFUSED: "Nothing found, but the cluster refused Services, Pods, Nodes or EndpointSlices.",
    EXIT_FAULT: "A fault inside dsview.",
    EXIT_INTERRUPTED: "Interrupted.",
}
