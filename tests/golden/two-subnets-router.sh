#!/bin/sh
set -e
ip netns add left
ip netns add r
ip netns add right
ip -n left link add eth0 type veth peer name left netns r
ip -n r link add right type veth peer name eth0 netns right
ip -n left address add 10.0.1.2/24 dev eth0
ip -n r address add 10.0.1.1/24 dev left
ip -n r address add 10.0.2.1/24 dev right
ip -n right address add 10.0.2.2/24 dev eth0
ip -n left link set lo up
ip -n left link set eth0 up
ip -n r link set lo up
ip -n r link set left up
ip -n r link set right up
ip -n right link set lo up
ip -n right link set eth0 up
ip netns exec r sysctl -q -w net.ipv4.ip_forward=1
ip -n left route add default via 10.0.1.1
ip -n right route add default via 10.0.2.1
