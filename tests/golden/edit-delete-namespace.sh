# there
ip link delete p1
ip netns delete ns1
# and back
ip netns add ns1
ip link add p1 type veth peer name eth0 netns ns1
ip link set p1 master br0
ip -n ns1 address add 10.0.1.2/24 dev eth0
ip link set p1 up
ip -n ns1 link set lo up
ip -n ns1 link set eth0 up
