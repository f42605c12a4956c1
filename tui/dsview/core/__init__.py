"""Plain values: address families, addresses, CIDRs, ports, listen sockets, findings, errors for people. No I/O."""
