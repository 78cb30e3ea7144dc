#!/bin/sh
set -e
ip netns add web
ip netns add db
ip netns add client
ip link add docker0 type bridge
ip link add veth1 type veth peer name eth0 netns web
ip link add veth2 type veth peer name eth0 netns db
ip link add uplink type veth peer name eth0 netns client
ip link set veth1 master docker0
ip link set veth2 master docker0
ip address add 172.17.0.1/16 dev docker0
ip address add 192.168.10.1/24 dev uplink
ip -n web address add 172.17.0.2/16 dev eth0
ip -n db address add 172.17.0.3/16 dev eth0
ip -n client address add 192.168.10.2/24 dev eth0
ip link set veth1 up
ip link set veth2 up
ip link set uplink up
ip -n web link set lo up
ip -n web link set eth0 up
ip -n db link set lo up
ip -n db link set eth0 up
ip -n client link set lo up
ip -n client link set eth0 up
ip link set docker0 up
sysctl -q -w net.ipv4.ip_forward=1
ip -n web route add default via 172.17.0.1
ip -n db route add default via 172.17.0.1
ip -n client route add default via 192.168.10.1
