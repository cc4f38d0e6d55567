"""Who may call, with and without a key."""

import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from service.api.security import COOKIE, session_token
from service.app import create_app
from service.settings import InsecureSettings, Settings
from service.usecases.context import Context
from tests.pictures import part, png
from tests.service.caller import LOCAL, Caller, problem_of

KEY = "a long and secret key"


@pytest.fixture
def locked(context: Context) -> Iterator[TestClient]:
    """A service with a key, reached under a name of its own."""
    page = context.settings.page_dir
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<title>Handful</title>")
    (page / "assets" / "page.js").write_text("1")
    settings = context.settings.model_copy(update={"api_key": SecretStr(KEY), "host": "0.0.0.0"})
    with TestClient(create_app(settings), base_url="http://handful.example") as client:
        yield client


LOOPBACK = ("localhost", "127.0.0.1:8000", "[::1]:8000", "127.8.8.8")
STRANGE = ("evil.example", "127.0.0.1.evil.example", "192.168.1.7", "", "[", "[::1", "a@b:c")
FOREIGN = ("http://evil.example", "null", "http://127.0.0.1:9999", "http://[", "https://localhost")


def test_without_a_key_this_machine_is_served(api: Caller) -> None:
    for host in LOOPBACK:
        assert api.http.get("/classes", headers={"Host": host}).status_code == 200, host


def test_without_a_key_a_name_that_a_stranger_may_own_is_refused(api: Caller) -> None:
    for host in STRANGE:
        for path in ("/classes", "/session", "/health/live"):
            problem_of(api.http.get(path, headers={"Host": host}), 403, "wrong-host")


def test_pages_of_other_origins_change_nothing(api: Caller) -> None:
    for headers in ({"Origin": origin} for origin in FOREIGN):
        for response in (
            api.http.post("/classes", json={"name": "Red"}, headers=headers),
            api.http.patch("/projects/default", json={"name": "Mine"}, headers=headers),
            api.http.delete("/images/1", headers=headers),
        ):
            problem_of(response, 403, "wrong-origin")
    assert api.get("/classes")["classes"] == []


def test_pages_of_other_origins_show_nothing_of_it(api: Caller) -> None:
    image = api.send("/images", [part(png("red"))])["images"][0]["id"]
    for site in ("cross-site", "same-site"):
        for path in (f"/images/{image}/thumbnail", f"/images/{image}/file", "/images", "/"):
            drawn = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
            problem_of(api.http.get(path, headers=drawn), 403, "wrong-origin")
        followed = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
        assert api.http.get("/images", headers=followed).status_code == 200
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"}
    assert api.http.get(f"/images/{image}/thumbnail", headers=own).status_code == 200


def test_every_answer_tells_browsers_to_keep_it_among_its_own(locked: TestClient) -> None:
    for path in ("/", "/assets/page.js", "/session", "/classes", "/health/live"):
        headers = locked.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self' 'unsafe-eval'; " in policy, "no script that stands in the page"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_a_file_that_is_also_a_page_does_not_run_as_one(api: Caller) -> None:
    page = png("red") + b"<!doctype html><script>alert(1)</script>"
    name = "a.html\r\nX-Evil: 1"
    image = api.send("/images", [part(page, name)])["images"][0]["id"]
    answer = api.http.get(f"/images/{image}/file")
    assert answer.content == page
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert "x-evil" not in answer.headers


def test_the_services_own_page_may_change_things(api: Caller) -> None:
    response = api.http.post("/classes", json={"name": "Red"}, headers={"Origin": LOCAL})
    assert response.status_code == 201


def test_without_a_key_there_is_nothing_to_sign_in_to(api: Caller) -> None:
    assert api.get("/session") == {"required": False, "signed_in": True}
    assert api.http.post("/session", json={"key": "any"}).status_code == 204


def test_with_a_key_callers_without_it_are_turned_away(locked: TestClient) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer"},
        {"Cookie": f"handful_session={KEY}"},
    ):
        for path in ("/classes", "/images/1/file", "/metrics", "/docs", "/openapi.json"):
            refused = locked.get(path, headers=headers)
            problem_of(refused, 401, "key-required")
            assert refused.headers["www-authenticate"] == "Bearer"
    unsigned = locked.post("/classes", json={"name": "Red"})
    problem_of(unsigned, 401, "key-required")


def test_with_a_key_its_holders_are_served_under_any_name(locked: TestClient) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    assert locked.get("/classes", headers=headers).status_code == 200
    made = locked.post("/classes", json={"name": "Red"}, headers=headers)
    assert made.status_code == 201


def test_what_needs_no_key_stays_open(locked: TestClient) -> None:
    assert locked.get("/health/live").json()["status"] == "ok"
    assert locked.get("/").text == "<title>Handful</title>"
    assert locked.get("/assets/page.js").status_code == 200
    assert locked.get("/session").json() == {"required": True, "signed_in": False}


def test_the_open_folder_leads_nowhere_else(locked: TestClient) -> None:
    for path in ("/assets/../classes", "/assets/%2e%2e/classes", "/assets/..%2fclasses"):
        assert locked.get(path).status_code in (401, 404)


def test_a_browser_signs_in_and_out(locked: TestClient) -> None:
    wrong = locked.post("/session", json={"key": "wrong"})
    problem_of(wrong, 401, "wrong-key")
    signed_in = locked.post("/session", json={"key": f" {KEY}\n"})
    assert signed_in.status_code == 204
    cookie = signed_in.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert KEY not in cookie
    assert locked.get("/session").json() == {"required": True, "signed_in": True}
    assert locked.get("/classes").status_code == 200
    foreign = {"Origin": "http://evil.example"}
    problem_of(locked.post("/classes", json={"name": "x"}, headers=foreign), 403, "wrong-origin")
    locked.delete("/session")
    assert locked.get("/classes").status_code == 401


def test_a_session_ends_however_long_its_cookie_is_kept(locked: TestClient) -> None:
    now = int(time.time())
    over, held = session_token(KEY, now - 1), session_token(KEY, now + 600)
    prolonged = f"{now + 999}.{held.partition('.')[2]}"
    for token in (over, prolonged, held.partition(".")[2], "9" * 5000, "²", ""):
        refused = locked.get("/classes", headers={b"Cookie": f"{COOKIE}={token}".encode("latin-1")})
        problem_of(refused, 401, "key-required")
    assert locked.get("/classes", headers={"Cookie": f"{COOKIE}={held}"}).status_code == 200


def test_behind_tls_the_cookie_never_leaves_it(locked: TestClient) -> None:
    signed_in = locked.post(
        "/session", json={"key": KEY}, headers={"Origin": "https://handful.example"}
    )
    assert "; Secure" in signed_in.headers["set-cookie"]
    plain = locked.post("/session", json={"key": KEY})
    assert "; Secure" not in plain.headers["set-cookie"]


def test_only_holders_of_the_key_are_told_what_is_wrong_inside(locked: TestClient) -> None:
    stranger = locked.get("/health/ready")
    assert stranger.status_code == 503
    assert stranger.json()["checks"]["redis"] == "OperationalError"
    told = locked.get("/health/ready", headers={"Authorization": f"Bearer {KEY}"})
    assert "no-redis.sock" in told.json()["checks"]["redis"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "handful.example"])
def test_an_address_open_to_others_needs_a_key(host: str) -> None:
    with pytest.raises(InsecureSettings, match="HANDFUL_API_KEY"):
        create_app(Settings(host=host))
