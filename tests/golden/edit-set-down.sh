# there
ip -n r link set left down
# and back
ip -n r link set left up
