"""One module per kind of interface that has attributes of its own; each has a `DRIVER`. A module here is found by its name, the kind's."""

from importlib import import_module
from pkgutil import iter_modules

from agent.netlink.driver import Driver

DRIVERS: dict[str, Driver] = {
    module.name: import_module(f"{__name__}.{module.name}").DRIVER for module in sorted(iter_modules(__path__), key=lambda m: m.name)
}
"""IFLA_INFO_KIND → driver."""
