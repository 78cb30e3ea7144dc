"""A document without what the kernel refuses of it, and without what hangs on that. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from topology.edit.draft import Draft
from topology.model.records import AnyInterface, AnyRecord, Interface, Namespace, Records, replace
from topology.plan import steps as s


def left_out(records: Mapping[str, AnyRecord], step: s.AnyStep) -> Records:
    """The records without what the step was to make: an address, a field, or a whole record, and then what the kernel deletes with it.

    Unchanged where the step makes nothing that the records state.
    """
    draft = Draft(records)
    record = draft.records.get(step.subject)
    if isinstance(record, Interface) and (smaller := _without_part(record, step)) is not None:
        draft.drop_lost_routes(record, smaller)
        if smaller.master is None and record.master is not None:
            draft.leave_bridge(record)
        draft.put(smaller)
    elif isinstance(record, Namespace) and isinstance(step, s.SetSysctl):
        draft.put(replace(record, sysctls={key: value for key, value in record.sysctls.items() if key != step.key}))
    elif isinstance(record, Namespace) and isinstance(step, s.SetNsid):
        draft.put(replace(record, nsid=None))
    elif record is not None and not isinstance(step, _TAKES_AWAY):
        draft.remove(record)
    return draft.records


_TAKES_AWAY: Final = (s.DeleteNamespace, s.DeleteInterface, s.DeleteAddress, s.DeleteRoute, s.DeleteNeighbour, s.DeleteFdb, s.DeleteVlan)


def _without_part(interface: AnyInterface, step: s.AnyStep) -> AnyInterface | None:
    """The interface without the address or the fields of the step; None: the step is about the whole interface."""
    match step:
        case s.AddAddress():
            return replace(interface, addresses=tuple(a for a in interface.addresses if a != step.address))
        case s.SetUp():
            return replace(interface, up=not step.up)
        case s.AddVlan() if interface.vlans is not None:
            return replace(interface, vlans=tuple(v for v in interface.vlans if v != step.vlan))
        case s.ChangeInterface():
            return replace(interface, **{f.name: f.default for f in msgspec.structs.fields(interface) if f.name in step.fields})
        case _:
            return None
