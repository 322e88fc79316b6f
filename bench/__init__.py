"""How fast is the gateway, beside the bare limits of the same machine in the same run?

`make bench` is a short look, `make bench FULL=1` the whole method: a deterministic clinic, prepared
requests, several concurrencies, CPU time from the process table. Ratios count, not absolute times.
"""
