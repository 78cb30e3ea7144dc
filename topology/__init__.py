"""The pure core: what a network is, how it differs, what it takes to change it.

Nothing here does I/O: no socket, no file, no clock, no random number, no environment. A function here may be called by
the server, the agent, the command line or a test, and gives the same answer to each.
"""
