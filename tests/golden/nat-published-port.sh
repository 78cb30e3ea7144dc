#!/bin/sh
set -e
ip netns add client
ip netns add web
ip link add docker0 type bridge
ip link add eth0 type veth peer name eth0 netns client
ip link add vethweb type veth peer name eth0 netns web
ip link set vethweb master docker0
ip address add 172.17.0.1/16 dev docker0
ip address add 192.0.2.1/24 dev eth0
ip -n client address add 192.0.2.2/24 dev eth0
ip -n web address add 172.17.0.2/16 dev eth0
iptables -t nat -N DOCKER
iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
iptables -t nat -A DOCKER -i docker0 -j RETURN
iptables -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
iptables -N DOCKER
iptables -P FORWARD DROP
iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A FORWARD -o docker0 -j DOCKER
iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
iptables -A FORWARD -i docker0 -o docker0 -j ACCEPT
iptables -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
ip link set eth0 up
ip link set vethweb up
ip -n client link set lo up
ip -n client link set eth0 up
ip -n web link set lo up
ip -n web link set eth0 up
ip link set docker0 up
sysctl -q -w net.ipv4.ip_forward=1
ip -n web route add default via 172.17.0.1
