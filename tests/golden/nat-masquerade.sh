#!/bin/sh
set -e
ip netns add internet
ip netns add laptop
ip link add br0 type bridge
ip link add port0 type veth peer name eth0 netns laptop
ip link add wan type veth peer name eth0 netns internet
ip link set port0 master br0
ip address add 192.168.7.1/24 dev br0
ip address add 203.0.113.1/24 dev wan
ip -n internet address add 203.0.113.2/24 dev eth0
ip -n laptop address add 192.168.7.2/24 dev eth0
iptables -t nat -A POSTROUTING -s 192.168.7.0/24 -o wan -j MASQUERADE
ip link set port0 up
ip link set wan up
ip -n internet link set lo up
ip -n internet link set eth0 up
ip -n laptop link set eth0 up
ip link set br0 up
sysctl -q -w net.ipv4.ip_forward=1
ip -n laptop route add default via 192.168.7.1
