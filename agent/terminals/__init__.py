"""Terminals: shells on PTYs that live in the lab process, so that they outlive whoever looks at them, the server and the agent."""
