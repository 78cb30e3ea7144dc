"""rtnetlink, the kernel's interface to links, addresses, routes, neighbours and namespaces (rtnetlink(7)).

- `wire`: messages and sockets; `words`: numbers of the kernel → words of iproute2;
- `kinds`: the attributes that each kind of interface has of its own; `driver` says what a module there provides, `pyroute2_data` helps with
  that;
- `namespaces`: the network namespaces of the lab, and work done in them;
- `decode`, `decode_ip`: messages → facts; `sockets`: listening sockets; `sysctls`: /proc/sys/net;
- `read`: a namespace read in full; `fact_cache`: what was reported of it;
- `follow`: events → facts; `watch`: all of it on the lab's loop.
"""
