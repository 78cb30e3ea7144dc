"""Terminals: shells on PTYs that live in the lab process, so that they outlive the client, the server and the agent.

- `terminals`: all terminals of a lab; `terminal`: one of them; `viewer`: a client that sees it; `ring`: what it showed last; `title`: its
  title;
- `shell`: how a namespace's shell is started; `session`: its processes;
- `files`: the files in a namespace's home.
"""
