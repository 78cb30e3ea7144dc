"""The loopback interface: every namespace has one, named `lo`, and it cannot be made, moved or deleted."""

from topology.base import Interface


class Loopback(Interface, frozen=True, kw_only=True, tag="loopback"):
    """`lo`. A namespace starts with it down; 127.0.0.1/8 and ::1/128 come with it when it goes up."""
