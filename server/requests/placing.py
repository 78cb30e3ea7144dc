"""Problems of a document that is applied, at their places in it."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from topology.document import document
from topology.edit.commands import AnyCommand, ApplyDocument
from topology.model.problems import ProblemError

T = TypeVar("T")


def placing(commands: Iterable[AnyCommand], job: Callable[[], T]) -> T:
    """What the job gives. A problem that it raises gets path, line and column, where one document is applied."""
    try:
        return job()
    except ProblemError as error:
        sources = [command.document for command in commands if isinstance(command, ApplyDocument)]
        if len(sources) != 1:
            raise
        raise ProblemError(document.located(sources[0], error.problem)) from error
