"""What the public sees of each account: posts, mentions, comments and the answers given."""

from __future__ import annotations

from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from connectors.sandbox.entities import FbActor, FbComment, FbPost, FbReview, XPost, XUser
from connectors.sandbox.http import Request, Response, html_response
from connectors.sandbox.pages import page
from connectors.sandbox.world import World

SHOWN = 60
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def handle(world: World, request: Request) -> Response:
    """The index, or one account's page."""
    parts = [part for part in request.path.split("/") if part]
    if not parts:
        return html_response(_index(world))
    if len(parts) == 3 and parts[1] == "x" and (user := world.user_by_handle(parts[2])):
        return html_response(_x_page(world, user))
    if len(parts) == 3 and parts[1] == "facebook":
        found = [a for a in world.pages.values() if parts[2].lower() in {a.id, a.username.lower()}]
        if found:
            return html_response(_fb_page(world, found[0]))
    return html_response(
        page("Niet gevonden", "<h1>Deze pagina bestaat niet</h1><p><a href='/'>Naar het begin</a></p>"), status=404
    )


def _index(world: World) -> str:
    rows = "".join(
        f'<article><header><b>X</b></header><p><a href="/public/x/{escape(u.username)}">'
        f"{escape(u.name)} @{escape(u.username)}</a></p></article>"
        for u in world.x_users.values() if u.brand
    )  # fmt: skip
    rows += "".join(
        f'<article><header><b>Facebook</b></header><p><a href="/public/facebook/{escape(a.username or a.id)}">'
        f"{escape(a.name)}</a></p></article>"
        for a in world.pages.values()
    )  # fmt: skip
    return page("Zandbak", f"<h1>Wat iedereen ziet</h1>{rows}")


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, AMSTERDAM).strftime("%d-%m %H:%M:%S")


def _article(name: str, text: str, at: int, *, css: str, foot: str, anchor: str) -> str:
    return (
        f'<article class="{css}" id="p{escape(anchor)}"><header><b>{escape(name)}</b> · {_time(at)}</header>'
        f"<p>{escape(text)}</p><footer>{escape(foot)}</footer></article>"
    )


def _x_page(world: World, user: XUser) -> str:
    keys = set(world.by_mention.get(user.id, [])[-SHOWN * 3 :]) | set(world.by_author.get(user.id, [])[-SHOWN:])
    threads = dict.fromkeys(world.x_posts[str(key)].conversation_id for key in sorted(keys, reverse=True))
    body = "".join(_x_thread(world, thread, user) for thread in list(threads)[:SHOWN])
    head = (
        f'<nav><a href="/">Alle accounts</a></nav><h1>{escape(user.name)} <small>@{escape(user.username)}</small></h1>'
    )
    return page(f"{user.name} op X", f"{head}<p>{escape(user.description)}</p>{body or '<p>Nog niets te zien.</p>'}")


def _x_thread(world: World, thread: str, user: XUser) -> str:
    posts = (world.x_posts[str(key)] for key in world.by_thread[thread])
    shown = [p for p in posts if not p.deleted and not p.superseded and not p.hidden]
    return "".join(_x_article(world, post, user) for post in shown[:40])


def _x_article(world: World, post: XPost, user: XUser) -> str:
    author = world.x_users[post.author_id]
    css = ("reply " if post.ref("replied_to") else "") + ("us" if author.brand else "")
    told = post.metrics
    foot = f"{told['reply_count']} reacties · {told['retweet_count']} reposts · {told['like_count']} likes"
    if len(post.edits) > 1:
        foot += " · bewerkt"
    return _article(f"{author.name} @{author.username}", post.text, post.at, css=css, foot=foot, anchor=post.id)


def _fb_page(world: World, owner: FbActor) -> str:
    posts = [world.fb_posts[post_id] for post_id in reversed(world.page_posts.get(owner.id, []))]
    body = "".join(_fb_thread(world, post) for post in posts[:SHOWN] if not post.deleted and not post.hidden)
    reviews = [world.reviews[i] for i in reversed(world.reviews_of.get(owner.id, []))][:20]
    told = "".join(
        _fb_review(world, r)
        for r in reviews if not r.deleted
    )  # fmt: skip
    head = f'<nav><a href="/">Alle accounts</a></nav><h1>{escape(owner.name)}</h1><p>{escape(owner.about)}</p>'
    return page(f"{owner.name} op Facebook", f"{head}{body}{'<h2>Aanbevelingen</h2>' + told if told else ''}")


def _fb_review(world: World, review: FbReview) -> str:
    foot = "raadt aan" if review.positive else "raadt af"
    name = world.actors[review.author_id].name
    return _article(name, review.text, review.at, css="", foot=foot, anchor=review.id)


def _fb_thread(world: World, post: FbPost) -> str:
    author = world.actors[post.author_id]
    count = (
        f"{len(world.comments_of.get(post.id, []))} reacties · {post.likes} vind-ik-leuks · {post.shares} keer gedeeld"
    )
    out = _article(author.name, post.message, post.at, css="us" if author.page else "", foot=count, anchor=post.id)
    for comment_id in world.comments_of.get(post.id, [])[-80:]:
        comment = world.fb_comments[comment_id]
        if not comment.parent_id:
            out += _fb_comment(world, comment)
            out += "".join(_fb_comment(world, world.fb_comments[i]) for i in world.comments_of.get(comment.id, []))
    return out


def _fb_comment(world: World, comment: FbComment) -> str:
    if comment.deleted or comment.hidden:
        return ""
    author = world.actors[comment.author_id]
    css = ("deep " if comment.parent_id else "reply ") + ("us" if author.page else "")
    return _article(
        author.name, comment.message, comment.at, css=css, foot=f"{comment.likes} vind-ik-leuks", anchor=comment.id
    )
