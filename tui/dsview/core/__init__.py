"""Plain values: address families, addresses, CIDRs, ports, listen sockets, findings, user errors. No I/O."""
