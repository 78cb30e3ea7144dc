# there
ip link delete br0
# and back
ip link add br0 type bridge
ip link set p0 master br0
ip link set p1 master br0
ip link set p2 master br0
ip link set br0 up
