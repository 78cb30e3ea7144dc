#!/bin/sh
set -e
ip netns add node1
ip netns add node2
ip netns add c1
ip netns add c2
ip -n node1 link add eth0 type veth peer name eth0 netns node2
ip -n node1 link add br0 type bridge
ip -n node1 link add vxlan42 type vxlan id 42 dstport 4789 local 192.0.2.1 remote 192.0.2.2 dev eth0
ip -n node1 link add p0 type veth peer name eth0 mtu 1450 netns c1
ip -n node2 link add br0 type bridge
ip -n node2 link add vxlan42 type vxlan id 42 dstport 4789 local 192.0.2.2 remote 192.0.2.1 dev eth0
ip -n node2 link add p0 type veth peer name eth0 mtu 1450 netns c2
ip -n node1 link set vxlan42 master br0
ip -n node1 link set p0 master br0
ip -n node2 link set vxlan42 master br0
ip -n node2 link set p0 master br0
ip -n node1 address add 192.0.2.1/24 dev eth0
ip -n node2 address add 192.0.2.2/24 dev eth0
ip -n c1 address add 10.42.0.1/24 dev eth0
ip -n c2 address add 10.42.0.2/24 dev eth0
ip -n node1 link set lo up
ip -n node1 link set eth0 up
ip -n node1 link set vxlan42 up
ip -n node1 link set p0 up
ip -n node2 link set lo up
ip -n node2 link set eth0 up
ip -n node2 link set vxlan42 up
ip -n node2 link set p0 up
ip -n c1 link set lo up
ip -n c1 link set eth0 up
ip -n c2 link set lo up
ip -n c2 link set eth0 up
ip -n node1 link set br0 up
ip -n node2 link set br0 up
