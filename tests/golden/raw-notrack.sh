#!/bin/sh
set -e
ip netns add client
ip netns add resolver
ip -n client link add eth0 type veth peer name eth0 netns resolver
ip -n client address add 10.0.1.1/24 dev eth0
ip -n resolver address add 10.0.1.2/24 dev eth0
ip netns exec resolver iptables -t raw -A PREROUTING -p udp -m udp --dport 53 -j CT --notrack
ip netns exec resolver iptables -t raw -A OUTPUT -p udp -m udp --sport 53 -j CT --notrack
ip netns exec resolver iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED,UNTRACKED -j ACCEPT
ip -n client link set eth0 up
ip -n resolver link set lo up
ip -n resolver link set eth0 up
