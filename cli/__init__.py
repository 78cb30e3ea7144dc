"""The `vethboard` command: a client of the server's public protocol like any other, and the supervisor behind `script/up`."""
