"""Files of a lab's homes over HTTP: put where the shell is, fetched again, and no way out of the home."""

import json
import urllib.error
import urllib.request
from urllib.parse import quote

from protocol.limits import MAX_UPLOAD_BYTES
from protocol.public import Files, ListFiles
from tests.integration.terminal_client import Shown, open_terminal
from tests.support import Stack


def ask(stack: Stack, path: str, data: bytes | None = None, token: str | None = None, origin: str | None = None) -> tuple[int, bytes]:
    """Status and body of a GET, or of a PUT where there is `data`."""
    request = urllib.request.Request(f"{stack.url}{path}", data=data, method="GET" if data is None else "PUT")
    request.add_header("Cookie", f"vethboard-{stack.port}={stack.token if token is None else token}")
    if origin:
        request.add_header("Origin", origin)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.read()


def test_put_and_fetched_again(stack: Stack, lab: str) -> None:
    stack.inside(lab, "host", "ip", "netns", "add", "ns0")
    name = "實驗 1 #?.bin"
    data = bytes(range(256)) * 6000  # several pieces
    address = f"/labs/{lab}/files/ns0/{quote(name, safe='')}"
    status, body = ask(stack, address, data)
    assert (status, json.loads(body)["path"]) == (200, f"/home/ns0/{name}")
    assert ask(stack, address) == (200, data)
    assert json.loads(ask(stack, address, b"")[1])["path"] == "/home/ns0/實驗 1 #? (2).bin"
    with stack.client() as client:
        listed = client.request(ListFiles(id=client.next_id(), lab=lab, namespace="ns0"))
        assert isinstance(listed, Files)
        assert {(f.path, f.size) for f in listed.files} == {(name, len(data)), ("實驗 1 #? (2).bin", 0)}


def test_they_go_where_the_shell_is(stack: Stack, lab: str) -> None:
    with stack.client() as client:
        terminal = open_terminal(client, lab)
        shown = Shown(client, lab, terminal)
        shown.type("mkdir -p /tmp/work && cd /tmp/work && echo in-$((1+1))\r")
        shown.wait(b"in-2")
        assert json.loads(ask(stack, f"/labs/{lab}/files/host/a.txt?terminal={terminal}", b"hello")[1])["path"] == "/tmp/work/a.txt"
        shown.type("cat a.txt\r")
        shown.wait(b"hello")


def test_no_way_out_of_the_home(stack: Stack, lab: str) -> None:
    traps = "ln -s /etc/passwd passwd; ln -s / root; mkfifo pipe; ln -s /dev/zero zero; mkdir d; echo ok > d/f"
    stack.inside(lab, "host", "sh", "-c", f"cd /root; {traps}")
    base = f"/labs/{lab}/files/host"
    assert ask(stack, f"{base}/d/f") == (200, b"ok\n")
    for path in ("passwd", "root/etc/passwd", "pipe", "zero", "d", "..%2fetc%2fpasswd", "%2fetc%2fpasswd", "d/../../etc/passwd", "nothing"):
        status, body = ask(stack, f"{base}/{path}")
        assert status in (400, 404) or body.startswith(b"<!doctype html>"), (path, status, body)  # the app, where no route is meant
    for path in ("..", "d%2fg", "%0a", "."):
        assert ask(stack, f"{base}/{path}", b"x")[0] in (400, 404, 405), path
    assert ask(stack, f"{base}/passwd", b"mine") == (200, b'{"path":"/root/passwd (2)"}')
    assert ask(stack, f"{base}/f", b"x" * (MAX_UPLOAD_BYTES + 1))[0] == 413


def test_a_home_is_not_what_was_put_in_its_place(stack: Stack, lab: str) -> None:
    """Pid 1 may read more of /proc than a shell of the lab may."""
    stack.inside(lab, "host", "sh", "-c", "ln -s /proc/self /home/linked; mkdir /home/mounted /root/d; mount --bind /proc/1 /home/mounted")
    stack.inside(lab, "host", "mount", "--bind", "/proc/1", "/root/d")
    for path in (
        "..%2Fproc%2F1/maps",
        "..%2F..%2Fproc%2F1/maps",
        "linked/maps",
        "mounted/maps",
        "mounted/stat",
        "host/d/maps",
        "host/d/stat",
    ):
        status, body = ask(stack, f"/labs/{lab}/files/{path}")
        assert status in (400, 404) or body.startswith(b"<!doctype html>"), (path, status, body)
    for namespace in ("linked", "mounted", "..%2Fproc%2F1"):
        assert ask(stack, f"/labs/{lab}/files/{namespace}/written", b"x")[0] in (400, 404), namespace


def test_only_for_those_who_know_the_token(stack: Stack, lab: str) -> None:
    path = f"/labs/{lab}/files/host/f"
    assert ask(stack, path, b"x", token="wrong")[0] == 403
    assert ask(stack, path, b"x", origin="http://elsewhere.example")[0] == 403
    assert ask(stack, path, token="wrong")[0] == 403
    assert ask(stack, f"/labs/no-such/files/host/{lab}")[0] == 404
