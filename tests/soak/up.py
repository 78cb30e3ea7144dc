"""`vethboard up` with the server of `weighed`."""

import sys

from cli import up
from cli.__main__ import main

if __name__ == "__main__":
    usual = up._server_argv
    up._server_argv = lambda args, run: ["tests.soak.weighed" if word == "server" else word for word in usual(args, run)]
    sys.exit(main())
