"""A real google-api-python-client, and Google's own OAuth library, against the stand-in."""

import copy

import google.oauth2.credentials
import googleapiclient.discovery
import httplib2
import pytest
from google_auth_httplib2 import AuthorizedHttp
from google_auth_oauthlib.flow import Flow
from googleapiclient.errors import HttpError

from scopes.discovery import document


@pytest.fixture
def service(visitor, token):
    moved = copy.deepcopy(document("plusPages-v2"))
    moved["rootUrl"], moved["baseUrl"] = f"{visitor.url}/", f"{visitor.url}/plusPages/v2/"
    http = httplib2.Http()
    credentials = google.oauth2.credentials.Credentials(token)
    built = googleapiclient.discovery.build_from_document(moved, http=AuthorizedHttp(credentials, http=http))
    yield built
    built.close()


def test_the_client_reads_and_answers_a_comment(visitor, service):
    pages = service.people().list(userId="me", collection="pages").execute()["items"]
    page = next(item["id"] for item in pages if item["objectType"] == "page")
    posts = service.activities().list(userId=page, collection="user").execute()["items"]
    comments = service.comments().list(activityId=posts[0]["id"], onBehalfOf=page).execute()["items"]
    body = {"object": {"originalContent": f"+{comments[0]['actor']['id']} Děkujeme 🙏"}}
    reply = service.comments().insert(activityId=posts[0]["id"], onBehalfOf=page, body=body).execute()
    assert service.comments().get(commentId=reply["id"], onBehalfOf=page).execute() == reply
    assert service.comments().remove(commentId=reply["id"], onBehalfOf=page).execute() == ""


def test_the_client_walks_pages_with_its_own_helper(visitor, service):
    activities, ids = service.activities(), []
    request = activities.list(userId=visitor.cafe, collection="user", maxResults=2)
    while request is not None:
        feed = request.execute()
        ids += [item["id"] for item in feed["items"]]
        request = activities.list_next(request, feed)
    assert len(ids) == len(set(ids)) == 6


def test_the_client_understands_the_errors(visitor, service):
    with pytest.raises(HttpError) as caught:
        service.circles().list(userId=visitor.nile).execute()
    assert caught.value.status_code == 403
    assert caught.value.reason == "Forbidden"


def test_googles_own_flow_connects_and_refreshes(visitor, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    config = {
        "client_id": visitor.client_id,
        "client_secret": visitor.secret,
        "auth_uri": f"{visitor.url}/o/oauth2/v2/auth",
        "token_uri": f"{visitor.url}/token",
    }
    flow = Flow.from_client_config({"web": config}, visitor.six, redirect_uri=visitor.redirect_uri)
    url, _ = flow.authorization_url(access_type="offline", prompt="consent")
    answer = visitor.http.post(f"{visitor.url}/test/consent", json={"url": url, "account": visitor.ana})
    with flow.oauth2session:
        flow.fetch_token(authorization_response=answer.json()["location"])
    assert set(flow.credentials.granted_scopes) == set(visitor.six)
    assert flow.credentials.refresh_token.startswith("1//")
