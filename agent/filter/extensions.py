"""The help of every match and target that a lab's iptables has. `topology.rules.vocabulary.read` reads what this prints."""

from typing import Final

from protocol.private import ListExtensions, Run
from topology.model.base import HOST
from topology.model.netfilter import Family

_SCRIPT: Final = """
set -u
echo "=== version $({program} --version)"
for f in /usr/lib/*/xtables/lib{{xt,{prefix}}}_*.so /usr/lib/xtables/lib{{xt,{prefix}}}_*.so; do
  [ -e "$f" ] || continue
  n=${{f##*/}}; n=${{n#*_}}; n=${{n%.so}}
  case $n in
    standard) continue;;
    [A-Z]*) o=-j;;
    *) o=-m;;
  esac
  echo "=== $o $n"
  {program} $o "$n" --help 2>/dev/null </dev/null | sed '1,/print package version/d'
done
"""
"""For bash. Extensions are shared libraries: those of both families are libxt_NAME.so, those of one libipt_NAME.so or libip6t_NAME.so.
Targets have names in capitals. The program's own help comes first and ends with the line about its version."""

_PROGRAMS: Final[dict[Family, tuple[str, str]]] = {"ipv4": ("iptables", "ipt"), "ipv6": ("ip6tables", "ip6t")}
"""The program, and how the libraries begin that are for it alone."""


def listing(request: ListExtensions) -> Run:
    """The process that answers the request: it prints the help of each extension behind a line `=== -m NAME` or `=== -j NAME`."""
    program, prefix = _PROGRAMS[request.family]
    script = _SCRIPT.format(program=program, prefix=prefix)
    return Run(id=request.id, channel=request.channel, namespace=HOST, argv=("bash", "-c", script))
