"""What happens on the wire: kept connections, hang-ups before and after acting, answers cut off, foul requests."""

import socket
import subprocess
import sys
import time

import pytest
import requests
import urllib3

from connector.standin import start


def _socket(standin):
    host, port = standin.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def _everything(connection):
    """All bytes until the other side closes."""
    data = b""
    while piece := connection.recv(65536):
        data += piece
    return data


def _insert(visitor, token):
    """A comment as raw bytes, and how many the post has."""
    post = visitor.newest_post(token)
    body = b'{"object":{"originalContent":"raw"}}'
    head = (
        f"POST /plusPages/v2/activities/{post['id']}/comments?onBehalfOf={visitor.cafe} HTTP/1.1\r\n"
        f"Host: standin\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body, post["object"]["replies"]["totalItems"]


def test_a_connection_is_kept_for_many_requests(standin, token):
    with _socket(standin) as connection:
        for _ in range(5):
            connection.sendall(b"GET /tokeninfo?access_token=x HTTP/1.1\r\nHost: standin\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_two_requests_may_be_sent_at_once(standin):
    with _socket(standin) as connection:
        once = b"GET /tokeninfo?access_token=x HTTP/1.1\r\nHost: standin\r\n"
        connection.sendall(once + b"\r\n" + once + b"Connection: close\r\n\r\n")
        assert _everything(connection).count(b"HTTP/1.1 400 ") == 2


def test_dropped_before_acting_nothing_is_sent_and_nothing_happened(visitor, standin, token):
    request, count = _insert(visitor, token)
    visitor.fault("plusPages.comments.insert", "drop_before", times=1)
    with _socket(standin) as connection:
        connection.sendall(request)
        assert _everything(connection) == b""
    record = visitor.recorded()[-1]
    assert (record["operation"], record["acted"], record["status"]) == ("plusPages.comments.insert", False, None)
    assert visitor.newest_post(token)["object"]["replies"]["totalItems"] == count


def test_dropped_after_acting_nothing_is_sent_but_it_happened(visitor, standin, token):
    request, count = _insert(visitor, token)
    visitor.fault("plusPages.comments.insert", "drop_after", times=1)
    with _socket(standin) as connection:
        connection.sendall(request)
        assert _everything(connection) == b""
    record = visitor.recorded()[-1]
    assert (record["operation"], record["acted"], record["status"]) == ("plusPages.comments.insert", True, None)
    assert visitor.newest_post(token)["object"]["replies"]["totalItems"] == count + 1


def test_a_truncated_answer_promises_more_than_it_sends(visitor, standin, token):
    request, count = _insert(visitor, token)
    visitor.fault("plusPages.comments.insert", "truncate", times=1)
    with _socket(standin) as connection:
        connection.sendall(request)
        head, _, body = _everything(connection).partition(b"\r\n\r\n")
    promised = int(head.lower().partition(b"content-length: ")[2].split()[0])
    assert 0 < len(body) < promised
    assert visitor.newest_post(token)["object"]["replies"]["totalItems"] == count + 1


def test_clients_see_a_drop_as_a_broken_connection(visitor):
    visitor.fault("token", "drop_after", times=1)
    code = visitor.consent()["code"]
    with pytest.raises(requests.ConnectionError):
        visitor.exchange(code)
    assert visitor.http.get(f"{visitor.url}/test/tokens").json()["live_access"] == 1
    assert visitor.exchange(code).json()["error"] == "invalid_grant"


def test_a_client_that_checks_lengths_notices_the_cut(visitor, standin, token):
    visitor.fault("plusPages.people.get", "truncate")
    with urllib3.PoolManager(retries=False) as pool, pytest.raises(urllib3.exceptions.HTTPError):
        pool.request("GET", f"{standin.url}/plusPages/v2/people/me", headers={"Authorization": f"Bearer {token}"})


def test_a_chunked_body_is_read(visitor, token):
    post = visitor.newest_post(token)["id"]
    address = f"{visitor.url}/plusPages/v2/activities/{post}/comments?onBehalfOf={visitor.cafe}"
    pieces = iter([b'{"object":{"origin', b'alContent":"po kouskach"}}'])
    answer = visitor.http.post(address, data=pieces, headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["object"]["originalContent"] == "po kouskach"


def test_a_client_may_ask_whether_to_go_on(visitor, standin, token):
    request, _ = _insert(visitor, token)
    head, _, body = request.partition(b"\r\n\r\n")
    with _socket(standin) as connection:
        connection.sendall(head + b"\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert _everything(connection).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "foul",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /token HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST /token HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_a_foul_request_is_refused_and_the_next_client_is_served(visitor, standin, foul):
    with _socket(standin) as connection:
        connection.sendall(foul)
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
    assert visitor.http.get(f"{visitor.url}/test/requests").status_code == 200


def test_stopping_ends_a_delay_and_closes_kept_connections():
    running = start()
    running.standin.faults.add({"endpoint": "tokeninfo", "kind": "delay", "seconds": 600})
    with _socket(running) as idle, _socket(running) as waiting:
        waiting.sendall(b"GET /tokeninfo HTTP/1.1\r\nHost: standin\r\n\r\n")
        while not running.standin.requests:
            time.sleep(0.01)
        running.stop()
        assert idle.recv(1) == b""
    with pytest.raises(OSError, match="refused"):
        _socket(running)


def test_the_command_prints_one_line_serves_and_ends_quietly():
    command = [sys.executable, "-m", "connector.standin", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        assert line.startswith("stand-in listening on http://127.0.0.1:")
        url = line.split()[-1]
        assert requests.get(f"{url}/test/tokens", timeout=5).json()["grants"] == []
        process.terminate()
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_port_in_use_is_said_in_one_line(standin):
    port = standin.url.rpartition(":")[2]
    command = [sys.executable, "-m", "connector.standin", "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "in use" in done.stderr
    assert "--port" in done.stderr


def test_a_world_file_that_is_wrong_is_said_in_one_line(tmp_path):
    file = tmp_path / "world.json"
    file.write_text('{"pages": [{"id": "12", "displayName": "x"}]}', encoding="utf-8")
    command = [sys.executable, "-m", "connector.standin", "--world", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert "pages[0]" in done.stderr
    assert "21 digits" in done.stderr
