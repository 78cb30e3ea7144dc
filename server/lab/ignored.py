"""What a kernel takes without an error and does not do: an attribute that it was built without; or somebody else undoes it at once."""

import errno
from collections.abc import Sequence

from topology.model.problems import Code, Problem, ProblemError
from topology.plan.iproute2 import commands
from topology.plan.steps import AnyStep, SetUp


def ignored(steps: Sequence[AnyStep]) -> ProblemError:
    """The kernel took these steps without an error, and shows nothing of them. No kernel ignores that an interface is set up or down."""
    if isinstance(steps[0], SetUp):
        message = "somebody else changes this at the same time, again and again"
        return ProblemError(Problem(code=Code.CONFLICT, message=message, subject=steps[0].subject, hint="try again when that has ended"))
    first = commands(steps[:1])[:1]
    hint = f"it has no effect here: {' ; '.join(first)}. Leave it out, or use a kernel that has it: vethboard doctor"
    return ProblemError(
        Problem(code=Code.UNSUPPORTED, message="the kernel ignores this", subject=steps[0].subject, hint=hint, errno=errno.EOPNOTSUPP)
    )
