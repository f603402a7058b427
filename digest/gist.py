"""The gist of a paper: the one sentence of its abstract that says what is new, or the summary its source gives.

A sentence's score is a sum of parts that can be read one by one below: cue phrases (Edmundson, 1969), words it shares
with the title and with the rest of the abstract, and its place, heading and length. The weights are round numbers set
by hand; `bench/gist.py` measures what they choose against other ways to choose.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from digest.ranking.terms import stems
from digest.recent import Recent, recent_by_object
from digest.sentences import sentences
from digest.types import Gist
from digest.typeset import columns, lead, one_line, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.types import Paper

LONGEST = 240
"""Characters of a gist at most."""

SHORTEST_ABSTRACT = 300
"""Columns of an abstract below which a gist would only say it again; about two sentences."""

LOWEST_SCORE = 0.5
"""What a sentence must score at least: below it, none in a hundred papers says what is new, and silence is better."""

REMEMBERED = 2048
"""Gists of a generation."""

UNKNOWN_SOURCE = "its source"
"""Who wrote a summary of which nobody said whose it is."""

_READ = 10_000  # characters of an abstract that are looked at; a hostile one may have megabytes

_found: Recent[tuple[str, str], str] = Recent(REMEMBERED)

_WORK = "paper|work|article|study|report|letter|note|thesis|dissertation|chapter|survey|review|contribution|tutorial"
_ACTOR = rf"\b(?:we|I|this (?:{_WORK})|the (?:present )?(?:paper|work|study|article|authors?))\b"
# Up to three words may stand between who acts and what is done: "we then, for the first time, show" is not reached.
_ACTS = rf"{_ACTOR}(?:[\s,]+(?!(?:not|and)\b)[\w-]+){{0,3}}?[\s,]+"

# Something was made; found; looked at.
_MADE = (
    rf"{_ACTS}(?:propos|introduc|present|develop|describ|design|devis|contribut|formulat|formali[sz]|deriv|construct"
    rf"|unveil|establish|provid|offer)(?:e|es|ed|s|ing)?\b|{_ACTS}(?:buil[dt]s?|create[sd]?)\b"
)
_WAS_MADE = r"\b(?:is|are|was|were|been|be) (?:\w+ly )?(?:proposed|introduced|presented|developed|described)\b"
_FOUND = (
    rf"{_ACTS}(?:find|found|show|demonstrat|prove|discover|observ|report|reveal|identif|argu|uncover|conclud|confirm"
    r"|obtain)\w*"
)
_STUDIED = (
    rf"{_ACTS}(?:stud(?:y|ies|ied)|investigat|examin|explor|analy[sz]|consider|address|compar|evaluat|survey|review"
    r"|assess|tackl|focus|aim|revisit|extend|measure)\w*"
)
_SHOWN = r"\b(?:results?|experiments?|findings|analys[ei]s|simulations?)\b(?:\s[\w-]+){0,6}?\s(?:show|suggest)"
# "In this paper", "we propose", "we present" in other languages.
_ABROAD = (
    r"本文|本研究|我们提出|我們提出|提出了|本論文|提案する|본 논문|본 연구|제안한다"
    r"|\b(?:nous (?:proposons|présentons)|wir (?:stellen|präsentieren|zeigen|beschreiben)"
    r"|proponemos|presentamos|propomos|apresentamos)\b"
)
# Where authors come to the point.
_HERE = rf"^(?:here\b|in this (?:{_WORK})\b|to this end\b|to (?:address|tackle|overcome|solve|bridge|fill)\b)"
_NAMED = r"\b(?:called|named|dubbed|termed)\b|\bwe (?:propose|introduce|present|develop) [A-Z][\w-]*[A-Z\d]"
_NEW = r"\b(?:novel|new|first)\b"
# What was there before, and what is wrong with it.
_BEFORE = (
    r"\b(?:recent(?:ly| (?:years|advances|work|progress|studies))"
    r"|ha(?:s|ve) (?:attracted|become|emerged|gained|received|shown|achieved|been (?:widely|shown|extensively))"
    r"|(?:is|are) (?:a|an|one of the) (?:\w+ )?(?:key|important|fundamental|crucial|critical|challenging|essential"
    r"|major|common|central|promising|long-?standing|popular)"
    r"|(?:is|are) (?:crucial|critical|essential|important|challenging|difficult|often|typically|widely|increasingly"
    r"|usually|known)|remains?|existing|previous|traditional|conventional)\b"
)
_CONTRAST = r"^(?:however|yet|but|nevertheless|nonetheless|unfortunately|although|though|while|despite|whereas)\b"
# A part of the whole.
_DETAIL = (
    r"^(?:specifically|in particular|more specifically|concretely|for (?:example|instance)|furthermore|moreover"
    r"|additionally|in addition|finally|lastly|also|besides|then|first(?:ly)?|second(?:ly)?|third(?:ly)?|next"
    r"|meanwhile|similarly|notably|as a result|consequently)\b"
    r"|\bwe (?:then|also|further(?:more)?|additionally|finally|next)\b"
)
# What cannot be understood without the sentence before it.
_POINTS_BACK = (
    rf"^(?:it|its|this(?! (?:{_WORK}))|these|they|their|such|those|both|the (?:proposed|resulting|former|latter"
    r"|approach|method|model|framework|system|algorithm|results?)|our (?:method|approach|model|framework|system"
    r"|algorithm|results?|experiments|findings|analysis|code|proposed))\b"
)
# Where to find what.
_HOUSEKEEPING = (
    r"https?:|\bwww\.|github|\b(?:publicly|freely) available\b|trial registration|copyright|©"
    r"|\b(?:code|data ?sets?|models?|project|demo|materials?|implementation|weights|checkpoints)\b[^.]{0,60}"
    r"\b(?:available|released?|found at|open-?sourced?)\b"
)
# A question, or a sentence that the source has cut off.
_OPEN = r"(?:\?|…|\.\.\.)$"

_CUES = tuple(
    (weight, re.compile(cue, re.IGNORECASE))
    for weight, cue in (
        *((3.0, _MADE), (1.5, _WAS_MADE), (1.5, _FOUND), (1.5, _STUDIED), (0.5, _SHOWN), (3.0, _ABROAD)),
        *((1.0, _HERE), (0.5, _NAMED), (0.3, _NEW)),
        *((-1.0, _BEFORE), (-0.5, _CONTRAST), (-0.7, _DETAIL), (-1.0, _POINTS_BACK)),
        *((-4.0, _HOUSEKEEPING), (-1.0, _OPEN)),
    )
)

# The headings of structured abstracts (NLM, "Structured Abstracts in MEDLINE"), and what stands below each is worth.
_HEADINGS = {
    "background": r"background(?: and (?:hypothesis|aims?|objectives?|purpose))?|introduction|context|rationale"
    r"|importance|motivation",
    "aim": r"(?:aims?|objectives?|purpose|goals?|hypothesis|(?:research )?question)(?: and (?:methods?|approach))?",
    "methods": r"(?:materials? and )?methods?(?: and (?:materials?|results|findings))?|(?:study )?design|setting"
    r"|participants|patients|interventions?|approach|methodology|measurements?|main outcomes?(?: and measures?)?",
    "results": r"(?:main |study )?(?:results?|findings)(?: and (?:discussion|conclusions?))?",
    "conclusion": r"(?:discussion(?: and conclusions?)?|conclusions?(?: and (?:relevance|significance))?"
    r"|interpretation|significance(?: statement)?|implications?|summary|new information)",
}
_HEADING = re.compile(
    "(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _HEADINGS.items()) + r")\s*(?::|\.(?=$|\s+[A-Z]))\s*",
    re.IGNORECASE,
)
_BELOW = {"": 0.0, "background": -1.5, "aim": 0.5, "methods": -0.5, "results": 0.0, "conclusion": 1.0}

_IN_TITLE, _IN_REST, _OPENING = 2.0, 1.0, -0.5
_SHORT_WORDS, _LONG_WORDS = 12, 35

# Words in front of a sentence that is whole without them: each leaves a main clause behind, because a comma or a
# subject follows it. A phrase goes only if it points back ("To address this gap, we"): others say something.
_FRONT = re.compile(
    rf"(?:in this (?:{_WORK}),|(?:in this (?:{_WORK})|here) (?=(?:we|I) )|here,|to this end,"
    r"|(?:to \w+|based on|building (?:up)?on|drawing on|motivated by|inspired by|guided by|driven by|following|given"
    r"|using|leveraging|in light of|in response to|with) (?:this|these|those|such|the above)\b[^,:;]{0,60}"
    r",(?= (?:we|I|this|the|our|in this) )"
    r"|(?:however|hence|thus|therefore|furthermore|moreover|additionally|in addition|finally|lastly|specifically"
    r"|then|next|first(?:ly)?|second(?:ly)?|third(?:ly)?|concretely|in particular|instead|accordingly|consequently"
    r"|as a result|crucially|importantly|notably),)\s*",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?<=^[Ww]e )(?:then|therefore|thus|hence|accordingly|consequently),? ")
_POINT = re.compile(r"\(?(?:\d{1,2}|[ivx]{1,4}|[a-z])[.)]\s+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")


@recent_by_object(REMEMBERED)
def of(paper: Paper) -> Gist | None:
    """The gist of a paper: the summary that its source gives, else a sentence of its abstract, else None."""
    if summary := lead(one_line((paper.signals.summary or "")[:_READ]), LONGEST):
        return Gist(text=summary, by=paper.signals.summary_by or UNKNOWN_SOURCE)
    try:
        extract = _found[paper.title, paper.abstract]
    except KeyError:
        extract = gist(paper.title, paper.abstract)
        know(paper, extract)
    return Gist(text=extract) if extract else None


def know(paper: Paper, text: str) -> None:
    """Remember what `gist` gave for a paper in another process."""
    _found.keep((paper.title, paper.abstract), text)


def gist(title: str, abstract: str) -> str:
    """The sentence of the abstract that best says what is new, in at most `LONGEST` characters.

    Its heading and an opening that leads nowhere alone ("In this paper, ") are gone; a longer one is cut between words.
    Empty where the abstract is too short to need one, or has no sentence that seems to say it.
    """
    text = one_line(abstract[:_READ])
    if columns(text) < SHORTEST_ABSTRACT:
        return ""
    scored = list(scores(title, text))
    if len(scored) < 2:  # noqa: PLR2004  (one sentence is its own gist)
        return ""
    best, score = max(scored, key=lambda each: each[1])  # of equals, the first
    return shorten(_trimmed(best), LONGEST) if score >= LOWEST_SCORE else ""


def scores(title: str, abstract: str) -> Iterator[tuple[str, float]]:
    """The sentences of the abstract without their headings, and how well each says what is new; higher is better."""
    found = list(_headed(abstract))
    terms = [list(_terms(sentence)) for sentence, _ in found]
    bags = [Counter(each) for each in terms]
    whole = Counter(chain.from_iterable(terms))
    titled = set(_terms(title))
    for place, ((sentence, heading), bag) in enumerate(zip(found, bags, strict=True)):
        in_title = len(titled & bag.keys()) / max(1, len(titled))
        # A term that stands three times in other sentences is as central as one can be.
        in_rest = sum(min(whole[term] - bag[term], 3) for term in bag) / max(1, 3 * len(bag))
        words = max(len(sentence.split()), columns(sentence) // 8)
        too_short, too_long = max(0, 1 - words / _SHORT_WORDS), max(0, words / _LONG_WORDS - 1)
        yield (
            sentence,
            sum(weight for weight, cue in _CUES if cue.search(sentence))
            + _BELOW[heading]
            + _IN_TITLE * in_title
            + _IN_REST * in_rest
            + (_OPENING if place == 0 else 0)
            - 2 * too_short
            - too_long,
        )


def _headed(abstract: str) -> Iterator[tuple[str, str]]:
    """Each sentence, and the kind of heading that it stands under; empty where there is none."""
    under = ""
    for sentence in sentences(abstract):
        text = sentence
        if heading := _HEADING.match(sentence):
            under, text = heading.lastgroup or "", sentence[heading.end() :]
        if point := _POINT.match(text):
            text = text[point.end() :]
        if text:
            yield text, under


def _terms(text: str) -> Iterator[str]:
    """Stems of the words that say something; of scripts without blanks, neighbouring characters."""
    for term in stems(_UNSPACED.sub(" ", text)):
        if " " not in term:
            yield term
    for run in _UNSPACED.findall(text):
        yield from (run[at : at + 2] for at in range(len(run) - 1))


def _trimmed(sentence: str) -> str:
    """The sentence from where it begins to say something, with a capital letter where words in front are gone."""
    rest = sentence
    while front := _FRONT.match(rest):
        rest = rest[front.end() :]
    if rest == sentence or not rest:
        return _LINK.sub("", sentence)
    first = rest.split(maxsplit=1)[0]
    # A word with a capital inside, like mRNA or eBPF, is spelt so at the beginning too.
    whole = rest if first[1:] != first[1:].lower() else rest[0].upper() + rest[1:]
    return _LINK.sub("", whole)
