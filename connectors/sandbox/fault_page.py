"""The page on which a person breaks things: every fault with what it does, the rules in force, one button to mend."""

from __future__ import annotations

from html import escape

from connectors.sandbox.faults import Fault, Faults
from connectors.sandbox.http import Request, Response, html_response, redirect
from connectors.sandbox.pages import page, speaks_dutch

# What each does: in English, in Dutch
KINDS: dict[str, tuple[str, str]] = {
    "unauthorized": ("The token is not accepted any more", "Het token wordt niet meer geaccepteerd"),
    "rate_limited": (
        "Too many calls: wait until the limit resets",
        "Te veel aanroepen: wachten tot de limiet vrijkomt",
    ),
    "rate_limited_88": ("The same in X's older words (code 88)", "Hetzelfde in X' oudere woorden (code 88)"),
    "usage_capped": ("X: this month's posts are used up", "X: de berichten van deze maand zijn op"),
    "credits": ("X: the account is out of credits (402)", "X: het tegoed is op (402)"),
    "spend_cap": (
        "X: the spending limit of this cycle is reached",
        "X: de bestedingslimiet van deze periode is bereikt",
    ),
    "duplicate": ("A post with these words exists already", "Er staat al een bericht met deze woorden"),
    "not_summoned": (
        "X: the author has not named us, no reply allowed",
        "X: de schrijver noemde ons niet, antwoorden mag niet",
    ),
    "app_only": ("X: an app's token where a person's is needed", "X: een app-token waar dat van een persoon nodig is"),
    "forbidden": ("Refused for want of permission", "Geweigerd: geen toestemming"),
    "graph": ("Facebook: an error with the code you give", "Facebook: een fout met de code die je opgeeft"),
    "server_error": ("An error inside the platform", "Een fout in het platform zelf"),
    "unavailable": ("503, as JSON", "503, als JSON"),
    "html": ("A gateway's error page instead of JSON", "Een foutpagina in HTML in plaats van JSON"),
    "html_ok": ("An HTML page that says all is well (200)", "Een HTML-pagina die zegt dat alles goed is (200)"),
    "empty": ("429 without a word", "429 zonder een woord"),
    "no_content_type": ("An answer that does not say what it is", "Een antwoord dat niet zegt wat het is"),
    "list": ("A list where an object belongs", "Een lijst waar een object hoort"),
    "cut_before": ("The connection breaks before anything was done", "De verbinding breekt voordat er iets is gedaan"),
    "refuse": ("The connection is refused", "De verbinding wordt geweigerd"),
    "hang": ("No answer, and then the connection breaks", "Geen antwoord, en dan breekt de verbinding"),
    "late": ("The client gives up, and it happens all the same", "De client geeft het op, en het gebeurt toch"),
    "cut_after": ("It was done, and then the connection breaks", "Het is gedaan, en dan breekt de verbinding"),
    "error_after": ("It was done, and the answer is an error", "Het is gedaan, en het antwoord is een fout"),
    "slow": ("It was done, and the answer takes its time", "Het is gedaan, en het antwoord laat op zich wachten"),
    "truncate": ("Two thirds of the answer arrive", "Twee derde van het antwoord komt aan"),
    "shuffle": ("A list in the wrong order", "Een lijst in de verkeerde volgorde"),
    "poison": ("One item of a list that nobody can read", "Eén onderdeel van een lijst dat niemand kan lezen"),
    "usage": ("Facebook: usage above a hundred percent", "Facebook: verbruik boven de honderd procent"),
}
WORDS = {
    "title": ("Break something", "Iets stukmaken"),
    "why": (
        "Choose what goes wrong, where, and how often. It holds until it has hit that often, or until you mend it.",
        "Kies wat er misgaat, waar, en hoe vaak. Het geldt tot het zo vaak raak was, of tot je het herstelt.",
    ),
    "platform": ("Platform", "Platform"),
    "both": ("both", "beide"),
    "calls": ("Which calls", "Welke aanroepen"),
    "all": ("all", "alle"),
    "reads": ("only reading (GET)", "alleen lezen (GET)"),
    "writes": ("only writing (POST)", "alleen schrijven (POST)"),
    "path": ("Path (* for all)", "Pad (* voor alle)"),
    "times": ("How often (0: always)", "Hoe vaak (0: altijd)"),
    "code": ("Code (Facebook)", "Code (Facebook)"),
    "break": ("Break it", "Maak stuk"),
    "mend": ("Mend everything", "Herstel alles"),
    "now": ("Broken now", "Nu stuk"),
    "nothing": ("Nothing is broken.", "Er is niets stuk."),
    "hits": ("times hit", "keer geraakt"),
    "api": ("The same as JSON", "Hetzelfde als JSON"),
    "back": ("All accounts", "Alle accounts"),
}


def help_of(kind: str, *, dutch: bool = False) -> str:
    """One line on what a fault does."""
    return KINDS[kind][1 if dutch else 0]


def handle(faults: Faults, request: Request) -> Response:
    """Show the page, or do what its buttons say."""
    if request.method != "POST":
        return html_response(_page(faults, dutch=speaks_dutch(request)))
    form = request.form()
    if form.get("do") == "clear":
        faults.clear()
        return redirect("/faults")
    numbers = {
        name: int(str(form.get(name) or 0)) for name in ("times", "code") if str(form.get(name) or 0).isdecimal()
    }
    rule = {name: str(form.get(name) or "") for name in ("kind", "platform", "method")}
    faults.add({**rule, "path": str(form.get("path") or "*"), **numbers})
    return redirect("/faults")


def _page(faults: Faults, *, dutch: bool) -> str:
    said = {name: words[1 if dutch else 0] for name, words in WORDS.items()}
    kinds = "".join(
        f'<label class="choice"><input type="radio" name="kind" value="{kind}"{" checked" if n == 0 else ""}> '
        f"{escape(help_of(kind, dutch=dutch))} <span><code>{kind}</code></span></label>"
        for n, kind in enumerate(KINDS)
    )
    platforms = f'<option value="">{said["both"]}</option><option value="x">X</option><option value="facebook">Facebook</option>'
    methods = (
        f'<option value="">{said["all"]}</option><option value="GET">{said["reads"]}</option>'
        f'<option value="POST">{said["writes"]}</option>'
    )
    return page(said["title"], f"""
<nav><a href="/public/">{said["back"]}</a> · <a href="/_sandbox/faults">{said["api"]}</a></nav>
<h1>{said["title"]}</h1><p>{said["why"]}</p>
<h2>{said["now"]}</h2>{_rules(faults, said, dutch=dutch)}
<form method="post" action="/faults"><fieldset><legend>{said["title"]}</legend>{kinds}</fieldset>
<p class="row"><label>{said["platform"]} <select name="platform">{platforms}</select></label>
<label>{said["calls"]} <select name="method">{methods}</select></label>
<label>{said["times"]} <input name="times" type="number" min="0" value="1"></label>
<label>{said["path"]} <input name="path" value="*"></label>
<label>{said["code"]} <input name="code" type="number" min="0" value="0"></label></p>
<p class="buttons"><button>{said["break"]}</button></p></form>""", dutch=dutch)  # fmt: skip


def _rules(faults: Faults, said: dict[str, str], *, dutch: bool) -> str:
    living = [fault for fault in faults.rules if not fault.times or fault.hits < fault.times]
    if not living:
        return f"<p>{said['nothing']}</p>"
    rows = "".join(f"<article><p>{_rule(fault, said, dutch=dutch)}</p></article>" for fault in living)
    mend = f'<form method="post" action="/faults"><button name="do" value="clear">{said["mend"]}</button></form>'
    return rows + mend


def _rule(fault: Fault, said: dict[str, str], *, dutch: bool) -> str:
    where = " · ".join(escape(part) for part in (fault.platform, fault.method, fault.path) if part)
    often = f"{fault.hits}/{fault.times or '∞'} {said['hits']}"
    return f"<b>{escape(help_of(fault.kind, dutch=dutch))}</b><br><small>{where} · {often}</small>"
