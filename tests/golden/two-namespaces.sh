#!/bin/sh
set -e
ip netns add ns0
ip netns add ns1
ip -n ns0 link add veth0 type veth peer name veth1 netns ns1
ip -n ns0 address add 10.0.1.1/24 dev veth0
ip -n ns1 address add 10.0.1.2/24 dev veth1
ip -n ns0 link set lo up
ip -n ns0 link set veth0 up
ip -n ns1 link set lo up
ip -n ns1 link set veth1 up
