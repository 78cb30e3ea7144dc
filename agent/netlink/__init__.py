"""The kernel's netlink interface: messages by hand for what is done often, sockets in namespaces, the watch."""
