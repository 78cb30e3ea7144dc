"""Names of labs."""

import re

from topology.model.problems import invalid

LAB_ID = re.compile(r"[a-z0-9-]{1,40}")


def check_id(lab: str) -> str:
    """A lab's name is an id everywhere: in paths, in addresses, as the lab's host name. Raises ProblemError."""
    if not LAB_ID.fullmatch(lab):
        raise invalid(f'"{lab}" cannot be the name of a lab', None, "1 to 40 lower-case letters, digits and -")
    return lab
