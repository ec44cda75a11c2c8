"""The sandbox's pages for people, behind our own port: what the public sees, and the platforms' consent pages."""

from __future__ import annotations

import requests
from csp.decorators import csp_exempt
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods


@csp_exempt()  # the pages carry their own few lines of style
@csrf_exempt  # nothing here acts for somebody who is logged in: no cookie goes along
@require_http_methods(["GET", "POST"])
def sandbox_page(request: HttpRequest) -> HttpResponse:
    """Ask the sandbox, and hand on what it says."""
    with requests.Session() as session:
        session.trust_env = False  # loopback never goes through a proxy
        try:
            answer = session.request(
                request.method or "GET", f"{settings.SANDBOX_URL}{request.get_full_path()}", data=request.body,
                headers={"Content-Type": request.headers.get("Content-Type", "")}, allow_redirects=False, timeout=10,
            )  # fmt: skip
        except requests.RequestException:
            return HttpResponse("The sandbox does not answer.", status=502, content_type="text/plain")
    response = HttpResponse(answer.content, status=answer.status_code, content_type=answer.headers.get("content-type"))
    if "location" in answer.headers:
        response["Location"] = answer.headers["location"]
    return response
