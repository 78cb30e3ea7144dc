#!/bin/sh
set -e
ip netns add ns0
ip netns add ns1
ip netns add ns2
ip link add br0 type bridge
ip link add p0 type veth peer name eth0 netns ns0
ip link add p1 type veth peer name eth0 netns ns1
ip link add p2 type veth peer name eth0 netns ns2
ip link set p0 master br0
ip link set p1 master br0
ip link set p2 master br0
ip -n ns0 address add 10.0.1.1/24 dev eth0
ip -n ns1 address add 10.0.1.2/24 dev eth0
ip -n ns2 address add 10.0.1.3/24 dev eth0
ip link set p0 up
ip link set p1 up
ip link set p2 up
ip -n ns0 link set lo up
ip -n ns0 link set eth0 up
ip -n ns1 link set lo up
ip -n ns1 link set eth0 up
ip -n ns2 link set lo up
ip -n ns2 link set eth0 up
ip link set br0 up
