"""Steps done in the kernel: many in one send, one send per namespace where their order allows, and undone where one is refused."""

from agent.apply.execute import Outcome, execute
from agent.apply.trying import refused, unknown_kind
from agent.apply.undo import Undo

__all__ = ["Outcome", "Undo", "execute", "refused", "unknown_kind"]
