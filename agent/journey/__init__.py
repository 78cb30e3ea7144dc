"""Following packets through the kernel of a lab: what is set up for that, what is seen, and that nothing of it stays.

- `tracing`: all traces of a lab; `watching`: one that samples the lab's own traffic; `send`: the packet of a trace, a *probe*;
- `session`: what one trace has set up in its namespaces, and the sightings that come of it;
- `listener`, `listeners`: the sockets on which the kernel reports which rules a packet meets; `decode`: what it reports; `nft`: the table
  of nftables that makes it report;
- `taps`, `wires`: AF_PACKET sockets that see frames; `bpf`: their filters; `clock`: their timestamps;
- `identity`: how the probe is recognised; `lookup`: routes, neighbours and FDB entries asked of the kernel.
"""
