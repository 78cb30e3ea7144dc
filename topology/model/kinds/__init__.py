"""The kinds of interfaces: one module each, which declares one subclass of `Interface`. A new module here is all that is needed."""

from importlib import import_module
from pkgutil import iter_modules

import msgspec

from topology.model.base import Interface


def _declared(module: str) -> type[Interface]:
    """The kind of a module. Raises TypeError where its declaration and its fields do not fit together."""
    own = [
        cls for cls in vars(import_module(module)).values()
        if isinstance(cls, type) and issubclass(cls, Interface) and cls.__module__ == module
    ]  # fmt: skip
    if len(own) != 1:
        raise TypeError(f"{module} declares {len(own)} kinds, not one")
    kind = own[0]
    declared, fields = {f.name for f in kind.KIND.fields}, {*kind.__struct_fields__} - {*Interface.__struct_fields__}
    if declared != fields:
        raise TypeError(f"{module}: declared are {sorted(declared)}, the fields are {sorted(fields)}")
    for role, name, wanted in (("lower", "parent", kind.KIND.lower is not None), ("peer", "peer", None), ("namespace", "underlay", None)):
        named = [f.name for f in kind.KIND.fields if f.role == role]
        if named not in ([], [name]) or (wanted is not None and bool(named) != wanted):
            raise TypeError(f"{module}: the {role} of an interface is its field {name}, not {named}")
    return kind


KINDS: tuple[type[Interface], ...] = tuple(_declared(f"{__name__}.{name}") for name in sorted(m.name for m in iter_modules(__path__)))
"""All kinds, in the order of their modules' names."""

BY_WORD: dict[str, type[Interface]] = {str(kind.__struct_config__.tag): kind for kind in KINDS}
"""By what documents and `ip link add … type` call them."""

FORMER_KEYS: dict[str, str] = {f.formerly: f.name for kind in KINDS for f in kind.KIND.fields if f.formerly}
"""Keys that fields had in older documents and histories → their names."""

_DEFAULTS: dict[type[Interface], dict[str, object]] = {
    kind: {f.name: f.default for f in msgspec.structs.fields(kind) if not f.required} for kind in KINDS
}


def stated_fields(interface: Interface) -> list[str]:
    """Its own fields that a request to make it states: those without the kernel's default, and some always."""
    defaults = _DEFAULTS[type(interface)]
    return [f.name for f in interface.KIND.fields if f.always or getattr(interface, f.name) != defaults.get(f.name)]
