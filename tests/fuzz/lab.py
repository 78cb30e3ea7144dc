"""A random lab that is being built: its lines, and what is there already for the next ones to be about."""

import random


class Lab:
    """What is built so far. `ports`: (switch namespace, bridge, port) of every bridge port; `ends`: (namespace, device)."""

    def __init__(self, rng: random.Random, driver: str) -> None:
        self.rng, self.driver = rng, driver
        self.lines: list[str] = []
        self.spaces: list[str] = []
        self.ends: list[tuple[str, str]] = []
        self.ports: list[tuple[str, str, str]] = []
        self.addresses: dict[str, list[str]] = {}
        self.on_segment: dict[int, list[tuple[str, str, int]]] = {}
        self._interfaces: dict[str, int] = {}

    def say(self, *lines: str) -> None:
        self.lines += lines

    def space(self, name: str) -> str:
        self.spaces.append(name)
        self.say(f"space {name}" + (" limited" if self.rng.random() < 0.1 else ""))
        return name

    def at(self, name: str, command: str) -> None:
        """A line in a namespace; `host` is the lab's own."""
        self.say(command if name == "host" else f"ip netns exec {name} {command}")

    def ip(self, name: str, words: str) -> None:
        self.say(f"ip {'' if name == 'host' else f'-n {name} '}{words}")

    def new_dev(self, name: str) -> str:
        number = self._interfaces.get(name, 0)
        self._interfaces[name] = number + 1
        return f"eth{number}"

    def any_space(self) -> str:
        return self.rng.choice(self.spaces)

    def any_address(self, ipv6: bool) -> str:
        found = [a for own in self.addresses.values() for a in own if (":" in a) == ipv6]
        return self.rng.choice(found) if found else ("fd09::9" if ipv6 else "10.9.0.9")
