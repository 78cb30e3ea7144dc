"""Following a packet through the kernel: what is set up for it, what is heard, and that nothing of it stays.

`Session` is the whole of it. It opens, in every namespace concerned, `Taps` (AF_PACKET, most often one for all interfaces) and
shares a `Listener` (nfnetlink), which hears the trace of both netfilters, nftables and the legacy tables.
"""
