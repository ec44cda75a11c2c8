"""The frame of the sandbox's own pages: plain HTML, a little CSS, nothing from outside."""

from __future__ import annotations

from html import escape

from connectors.sandbox.http import Request

# What a browser opens: the public's view, the faults and the consent pages. All else on the port is for programs.
FOR_PEOPLE = r"^(?:public/.*|faults|[i2]/oauth2/authorize|(?:v\d+\.\d+/)?dialog/oauth)$"
CSS = """
:root{color-scheme:light dark;--ink:light-dark(#231f1b,#efebe5);--soft:light-dark(#6b645c,#b3aaa0);
--desk:light-dark(#f3f0ea,#1b1917);--sheet:light-dark(#fffdfa,#262320);--hair:light-dark(#ddd6cb,#3d3833);--us:light-dark(#0b6170,#7fcbd6)}
body{margin:0;background:var(--desk);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:42rem;margin:0 auto;padding:1.5rem 1rem 4rem}h1{font-size:1.4rem;line-height:1.25}
a{color:var(--us)}nav{font-size:.9rem;margin-bottom:1rem}
article{background:var(--sheet);border:1px solid var(--hair);border-radius:10px;padding:.75rem 1rem;margin:.6rem 0;overflow-wrap:anywhere}
article.reply{margin-left:2rem}article.deep{margin-left:4rem}article.us{border-left:4px solid var(--us)}
article header{font-size:.9rem;color:var(--soft)}article header b{color:var(--ink)}article p{margin:.3rem 0;white-space:pre-wrap}
article footer{font-size:.82rem;color:var(--soft)}.choice{display:block;padding:.5rem 0}.choice span{color:var(--soft)}
fieldset{border:1px solid var(--hair);border-radius:10px}button{font:inherit;padding:.5rem 1.1rem;border-radius:8px;border:1px solid var(--us);
background:var(--us);color:var(--sheet);cursor:pointer}button.quiet{background:none;color:var(--ink);border-color:var(--hair)}
.row{display:flex;flex-wrap:wrap;gap:.75rem 1.25rem}.row label{display:grid;gap:.2rem;font-size:.9rem}
select,input[name]:not([type=radio],[type=checkbox]){font:inherit;padding:.4rem;border-radius:8px;border:1px solid var(--hair);background:var(--sheet);color:var(--ink)}
.scopes{columns:2}a:focus-visible,button:focus-visible,input:focus-visible,select:focus-visible{outline:3px solid var(--us);outline-offset:2px}
.note{font-size:.85rem;color:var(--soft)}
"""


def speaks_dutch(request: Request) -> bool:
    """Whether the reader's browser prefers Dutch to English; who says nothing reads Dutch."""
    wanted = request.headers.get("accept-language", "nl").lower()
    dutch, english = wanted.find("nl"), wanted.find("en")
    return dutch >= 0 and (english < 0 or dutch < english)


def page(title: str, body: str, *, dutch: bool = True) -> str:
    """A whole page; `body` is HTML that is safe already."""
    note = (
        "Zandbak: dit is niet het echte X of Facebook, en niemand hier bestaat."
        if dutch
        else "Sandbox: this is not the real X or Facebook, and nobody here exists."
    )
    return (
        f'<!doctype html><html lang="{"nl" if dutch else "en"}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{CSS}</style></head><body><main>{body}'
        f'<p class="note">{note}</p></main></body></html>'
    )
