"""Write the mails' HTML templates: sources with classes in, the same with the style of each element in it out.

    python templates/build.py            writes templates/mail/*/body.html
    python templates/build.py --check    only says whether they are what the sources make

Many mail programs read no style block, so every rule has to stand on its elements. css-inline does that once, here,
and not for each mail. What Jinja reads is put aside before and back behind, since an HTML parser would move it about:
inside a tag as a word, between tags as a comment, which may stand anywhere.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import css_inline

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "source"
INLINED, KEPT = "mail.css", "screens.css"
ACCENTS = {"#0acce1": "{{ accent.light }}", "#0acce2": "{{ accent.dark }}"}

_INCLUDE = re.compile(r"^<!-- include (\S+) -->\n", re.MULTILINE)
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_STYLE = re.compile(r'style="[^"]*"')
_SPACE = re.compile(r"(?<=[:;,]) |;(?=\"$)")
_COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)
_MARK = re.compile(r"<!--aside (\d+)-->|aside-(\d+)-")


def built(name: str) -> str:
    """The template `templates/mail/<name>/body.html` as its source makes it."""
    page = _INCLUDE.sub(lambda found: _read(found[1]), _read(f"{name}.html.in"))
    page = page.replace("<!-- style -->", f"<style>\n{_read(INLINED)}</style>")
    aside: list[str] = []

    def put_aside(found: re.Match[str]) -> str:
        aside.append(found[0])
        is_in_tag = page.rfind("<", 0, found.start()) > page.rfind(">", 0, found.start())
        is_printed = found[0].startswith("{{")
        return f"aside-{len(aside) - 1}-" if is_in_tag or is_printed else f"<!--aside {len(aside) - 1}-->"

    marked = _JINJA.sub(put_aside, page)
    inliner = css_inline.CSSInliner(keep_style_tags=False, load_remote_stylesheets=False)
    html = inliner.inline(marked)
    html = _STYLE.sub(lambda found: _SPACE.sub("", found[0]), html)
    html = html.replace("<!-- screens -->", f"<style>\n{_COMMENT.sub('', _read(KEPT))}</style>")
    html = _MARK.sub(lambda found: aside[int(found[1] or found[2])], html)
    for colour, expression in ACCENTS.items():
        html = html.replace(colour, expression)
    return html.rstrip() + "\n"


def main() -> int:
    """Write all templates, or compare them with their sources."""
    wrong = []
    for source in sorted(SOURCES.glob("*/body.html.in")):
        name = source.parent.name
        target = HERE / "mail" / name / "body.html"
        html = built(f"{name}/body")
        if "--check" not in sys.argv:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(html, encoding="utf-8")
        elif not target.is_file() or target.read_text(encoding="utf-8") != html:
            wrong.append(str(target.relative_to(HERE.parent)))
    for name in wrong:
        print(f"{name} is not what its source makes: make templates", file=sys.stderr)
    return 1 if wrong else 0


def _read(name: str) -> str:
    return (SOURCES / name).read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
