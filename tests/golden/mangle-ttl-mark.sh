#!/bin/sh
set -e
ip netns add left
ip netns add right
ip netns add router
ip -n left link add eth0 type veth peer name left netns router
ip -n right link add eth0 type veth peer name right netns router
ip -n left address add 10.0.1.2/24 dev eth0
ip -n right address add 10.0.2.2/24 dev eth0
ip -n router address add 10.0.1.1/24 dev left
ip -n router address add 10.0.2.1/24 dev right
ip netns exec router iptables -t mangle -A PREROUTING -p tcp -m tcp --dport 8080 -j MARK --set-xmark 0x1/0xffffffff
ip netns exec router iptables -t mangle -A POSTROUTING -o left -j TTL --ttl-set 42
ip netns exec router iptables -A FORWARD -p tcp -m mark --mark 0x1 -j REJECT --reject-with tcp-reset
ip -n left link set eth0 up
ip -n right link set lo up
ip -n right link set eth0 up
ip -n router link set left up
ip -n router link set right up
ip netns exec router sysctl -q -w net.ipv4.ip_forward=1
ip -n left route add default via 10.0.1.1
ip -n right route add default via 10.0.2.1
