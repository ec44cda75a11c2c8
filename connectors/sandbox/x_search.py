"""X's search language, as far as inboxes use it: a query becomes a predicate and the words that must occur."""

from __future__ import annotations

import re
from collections.abc import Callable

from connectors.sandbox.entities import XPost
from connectors.sandbox.world import World
from connectors.sandbox.x_errors import invalid

Test = Callable[[XPost], bool]
PIECE = re.compile(r'\s*(\(|\)|-?(?:\w+:)?"[^"]*"|-?\w+:\[[^\]]*\]|[^\s()]+)')
OPERATORS = {
    "from", "to", "lang", "is", "has", "conversation_id", "url", "retweets_of", "min_likes", "min_replies",
    "min_reposts", "in_reply_to_tweet_id", "quotes_of_tweet_id", "retweets_of_tweet_id", "keyword", "sample",
}  # fmt: skip
# These only narrow what something else finds
NARROWING = {"is", "has", "lang", "sample", "min_likes", "min_replies", "min_reposts", "followers_count"}
# Real operators over what the sandbox's world does not have: nothing fits them
EMPTY = {"place", "place_country", "point_radius", "bounding_box", "context", "entity", "list", "source", "bio",
         "bio_name", "bio_location", "followers_count", "url_title", "url_description", "community"}  # fmt: skip
NAME = re.compile(r"[a-z_]+")


class Query:
    """A parsed query: `test` decides, `word` (if any) must occur in every hit and narrows the search."""

    def __init__(self, world: World, text: str) -> None:
        self.world, self.text = world, text
        self.pieces = PIECE.findall(text)
        self.position = 0
        self.words: list[str] = []
        self.finds = False  # whether anything in it says what is looked for
        self.test = self._any()
        if self.position < len(self.pieces):
            raise self._bad(f"no viable alternative at input '{self.pieces[self.position]}'")
        if not self.finds:
            raise self._bad("Rules must contain at least one positive, non-stopword clause (at position 1)")
        if "OR" in self.pieces:
            self.words = []

    def _bad(self, why: str) -> Exception:
        return invalid("query", self.text, f"There were errors processing your request: {why}")

    def _any(self) -> Test:
        tests = [self._all()]
        while self._peek() == "OR":
            self.position += 1
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda post: any(test(post) for test in tests)

    def _all(self) -> Test:
        tests: list[Test] = []
        while (piece := self._peek()) not in {"", ")", "OR"}:
            tests.append(self._one(piece))
        if not tests:
            raise self._bad("empty expression")
        return lambda post: all(test(post) for test in tests)

    def _peek(self) -> str:
        return self.pieces[self.position] if self.position < len(self.pieces) else ""

    def _one(self, piece: str) -> Test:
        self.position += 1
        if piece in {"(", "-("} or (piece == "-" and self._peek() == "("):
            if piece == "-":
                self.position += 1
            words, finds = list(self.words), self.finds
            inner = self._any()
            if piece != "(":
                self.words, self.finds = words, finds  # what must not occur does not narrow the search
            if self._peek() != ")":
                raise self._bad("missing ')'")
            self.position += 1
            return inner if piece == "(" else lambda post: not inner(post)
        if piece.startswith("-") and len(piece) > 1:
            test = self._plain(piece[1:], must=False)
            return lambda post: not test(post)
        return self._plain(piece, must=True)

    def _plain(self, piece: str, *, must: bool) -> Test:
        name, colon, value = piece.partition(":")
        self.finds = self.finds or (must and not (colon and name.lower() in NARROWING))
        if colon and name.lower() in OPERATORS:
            return self._operator(name.lower(), value)
        if colon and name.lower() in EMPTY:
            return lambda post: False
        if colon and NAME.fullmatch(name.lower()) and not value.startswith("//") and value:
            raise self._bad(
                f"Reference to invalid operator '{name}'. Operator is not available in current product or product "
                "packaging. Please refer to complete available operator list at "
                "https://developer.x.com/en/docs/x-api/tweets/search/integrate/build-a-query."
            )
        if piece.startswith('"'):
            phrase = piece.strip('"').lower()
            return lambda post: re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", post.text.lower()) is not None
        word = piece.lower()
        if re.fullmatch(r"[@#$]?\w+", word):
            if must:
                self.words.append(word)
            found = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
            return lambda post: found.search(post.text.lower()) is not None
        return lambda post: word in post.text.lower()

    def _operator(self, name: str, value: str) -> Test:
        world = self.world
        if name in {"from", "to", "retweets_of"}:
            user = world.x_users.get(value) or world.user_by_handle(value)
            user_id = user.id if user else "-"
            if name == "to":
                return lambda post: post.in_reply_to_user_id == user_id
            return lambda post: post.author_id == user_id
        if name.startswith("min_"):
            metric = {"min_likes": "like_count", "min_replies": "reply_count", "min_reposts": "retweet_count"}[name]
            if not value.isdecimal():
                raise self._bad(f"The value for operator '{name}' must be a number")
            return lambda post: post.metrics.get(metric, 0) >= int(value)
        if name in {"is", "has"}:
            return self._trait(name, value)
        simple: dict[str, Test] = {
            "lang": lambda post: post.lang == value.lower(),
            "conversation_id": lambda post: post.conversation_id == value,
            "in_reply_to_tweet_id": lambda post: post.ref("replied_to") == value,
            "quotes_of_tweet_id": lambda post: post.ref("quoted") == value,
            "retweets_of_tweet_id": lambda post: post.ref("retweeted") == value,
            "keyword": lambda post: value.strip('"').lower() in post.text.lower(),
            "sample": lambda post: int(post.id) % 100 < int(value),
            "url": lambda post: value.strip('"').lower() in post.text.lower(),
        }
        return simple[name]

    def _trait(self, name: str, value: str) -> Test:
        def carries(*kinds: str) -> Test:
            media = self.world.x_media
            return lambda post: any(key in media and media[key].type in kinds for key in post.media)

        traits: dict[str, Test] = {
            "is:retweet": lambda post: bool(post.ref("retweeted")),
            "is:reply": lambda post: bool(post.ref("replied_to")),
            "is:quote": lambda post: bool(post.ref("quoted")),
            "is:verified": lambda post: self.world.x_users[post.author_id].verified,
            "is:nullcast": lambda post: False,
            "has:media": lambda post: bool(post.media),
            "has:images": carries("photo"),
            "has:videos": carries("video"),
            "has:video_link": carries("video"),
            "has:links": lambda post: "http" in post.text,
            "has:mentions": lambda post: bool(post.mentions),
            "has:hashtags": lambda post: "#" in post.text,
            "has:cashtags": lambda post: re.search(r"(?<!\w)\$[a-z]", post.text.lower()) is not None,
            "has:geo": lambda post: False,
        }
        if f"{name}:{value}" not in traits:
            raise self._bad(f"Reference to invalid operator '{name}:{value}'. Operator is not available.")
        return traits[f"{name}:{value}"]

    def candidates(self) -> list[int]:
        """Ids in which a hit may be found, ascending."""
        lists = [self.world.by_term.get(word, []) for word in self.words]
        return min(lists, key=len) if lists else self.world.all_posts
