"""The labs that are shown: a container host with a published port, and a class of hundreds."""

import json


def site() -> str:
    """Docker's own chains and rules around two containers, a client outside."""
    interfaces = {
        "docker0": {"kind": "bridge", "addresses": ["172.17.0.1/16"]},
        "veth1": {"kind": "veth", "peer": "web/eth0", "master": "docker0"},
        "veth2": {"kind": "veth", "peer": "db/eth0", "master": "docker0"},
        "uplink": {"kind": "veth", "peer": "client/eth0", "addresses": ["192.0.2.1/24"]},
    }
    nat = {
        "PREROUTING": {"rules": ["-m addrtype --dst-type LOCAL -j DOCKER"]},
        "POSTROUTING": {"rules": ["-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"]},
        "DOCKER": {"rules": ["-i docker0 -j RETURN", "! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80"]},
    }
    forward = [
        "-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-o docker0 -j DOCKER",
        "-i docker0 ! -o docker0 -j ACCEPT",
        "-i docker0 -o docker0 -j ACCEPT",
    ]
    published = "-d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT"
    filters = {"FORWARD": {"policy": "DROP", "rules": forward}, "DOCKER": {"rules": [published]}}
    namespaces = {
        "host": {
            "interfaces": interfaces,
            "sysctls": {"net.ipv4.ip_forward": 1},
            "filter": {"ipv4": {"nat": nat, "filter": filters}},
        },
        "web": _stack("veth1", "172.17.0.2/16", "172.17.0.1"),
        "db": _stack("veth2", "172.17.0.3/16", "172.17.0.1"),
        "client": _stack("uplink", "192.0.2.2/24", "192.0.2.1"),
    }
    places = {"host": [300, 0], "host/docker0": [24, 64], "web": [40, 330], "db": [400, 330], "client": [820, 40]}
    return json.dumps({"vethboard": 1, "name": "site", "namespaces": namespaces, "layout": places})


def _stack(port: str, address: str, gateway: str) -> dict[str, object]:
    return _stack_in(f"host/{port}", address, gateway)


def _stack_in(peer: str, address: str, gateway: str) -> dict[str, object]:
    eth0 = {"kind": "veth", "peer": peer, "addresses": [address]}
    return {"interfaces": {"lo": {}, "eth0": eth0}, "routes": [{"to": "default", "via": gateway}]}


def campus(racks: int = 12, each: int = 20) -> str:
    """A router, `racks` switches on it, `each` namespaces on each of them."""
    router: dict[str, object] = {}
    namespaces: dict[str, object] = {"host": {}, "core": {"interfaces": router, "sysctls": {"net.ipv4.ip_forward": 1}}}
    places: dict[str, list[int]] = {"host": [2550, -1100], "core": [2550, -700]}
    for rack in range(racks):
        switch, x = f"rack{rack}", rack % 6 * 1050
        y = rack // 6 * 2300
        router[f"r{rack}"] = {"kind": "veth", "peer": f"{switch}/up", "addresses": [f"10.0.{rack}.254/24"]}
        ports: dict[str, object] = {"br0": {"kind": "bridge"}, "up": {"kind": "veth", "peer": f"core/r{rack}", "master": "br0"}}
        namespaces[switch], places[switch] = {"interfaces": ports}, [x, y]
        for n in range(each):
            name = f"n{rack}x{n}"
            ports[f"p{n}"] = {"kind": "veth", "peer": f"{name}/eth0", "master": "br0"}
            namespaces[name] = _stack_in(f"{switch}/p{n}", f"10.0.{rack}.{n + 1}/24", f"10.0.{rack}.254")
            places[name] = [x + n % 3 * 320, y + 500 + n // 3 * 220]
    return json.dumps({"vethboard": 1, "name": "campus", "namespaces": namespaces, "layout": places})
