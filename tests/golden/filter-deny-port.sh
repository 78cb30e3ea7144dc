#!/bin/sh
set -e
ip netns add client
ip netns add server
ip -n client link add eth0 type veth peer name eth0 netns server
ip -n client address add 10.0.1.1/24 dev eth0
ip -n server address add 10.0.1.2/24 dev eth0
ip netns exec server iptables -A INPUT -p tcp -m tcp --dport 23 -j DROP
ip -n client link set eth0 up
ip -n server link set lo up
ip -n server link set eth0 up
