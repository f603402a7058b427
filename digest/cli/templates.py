"""The templates of mails and pages: whether they are good, and what they make."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from digest.cli.context import counted, print_bytes, settings

app = typer.Typer(
    name="templates",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The templates of mails and pages.\n\nExample: digest templates check",
)


class Name(StrEnum):
    """What can be shown."""

    ISSUE = "issue"
    EMPTY_ISSUE = "empty-issue"
    CONFIRMATION = "confirmation"
    GOODBYE = "goodbye"
    ACCESS = "access"
    REPORT = "report"
    PAGE = "page"


class Form(StrEnum):
    """What of a mail is printed; a page is HTML."""

    HTML = "html"
    TEXT = "text"


@app.command("check")
def check() -> None:
    """Compile all templates and fill them with made-up values; say which line of which is at fault.

    `digest run` does the same with those of mails before it composes, `digest serve` with all before it starts.

    Example: digest templates check
    """
    from digest.errors import TemplateError
    from digest.prompt import Prompt
    from digest.rendering import renderer
    from digest.web.pages import Pages

    options = settings()
    made = renderer(options, lazily=True)
    faults = [*made.faults(), *Pages(options).faults()]
    try:
        Prompt(options.templates)
    except TemplateError as error:
        faults.append(str(error))
    for fault in dict.fromkeys(faults):
        typer.echo(fault, err=True)
    if faults:
        raise typer.Exit(1)
    own = counted(len(made.templates.own), "file")
    typer.echo(f"{counted(len(made.templates.names), 'template')}, with {own} of {options.templates}: all good")


@app.command("show")
def show(
    name: Annotated[Name, typer.Argument(metavar="NAME", help=f"One of {', '.join(Name)}.")],
    *,
    form: Annotated[Form, typer.Option("--format", help="The text of a mail, or its HTML.")] = Form.TEXT,
) -> None:
    """Print a mail or the page with made-up values.

    Example: digest templates show confirmation --format html > confirmation.html
    """
    from digest import specimens
    from digest.rendering import renderer

    made = renderer(settings(), lazily=True)
    if name is Name.PAGE:
        print_bytes(made.page(specimens.issue(), specimens.TWINS).encode())
        return
    if name in {Name.ISSUE, Name.EMPTY_ISSUE}:
        mail = made.mail(specimens.issue(2 if name is Name.ISSUE else 0))
    else:
        mail = made.letter(specimens.letters()[name][0])
    print_bytes((mail.html if form is Form.HTML else f"Subject: {mail.subject}\n\n{mail.text}").encode())
