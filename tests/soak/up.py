"""`vethboard up` with the server and the agent of `weighed`."""

import sys
from collections.abc import Callable
from typing import Any

from cli import up
from cli.__main__ import main


def _weighed(usual: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """The same command line, with `-m tests.soak.weighed` before the program."""

    def argv(*args: Any) -> list[str]:
        python, _, program, *rest = usual(*args)
        return [python, "-m", "tests.soak.weighed", program, *rest]

    return argv


if __name__ == "__main__":
    up._server_argv, up._agent_argv = _weighed(up._server_argv), _weighed(up._agent_argv)
    sys.exit(main())
