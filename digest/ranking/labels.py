"""What the interests are called that are not topics of the reader's own, in `Match.interest` and as headings.

They are written as within a sentence; where one stands alone, it begins with a capital letter.
"""

LIKED = "papers you liked"
FOLLOWED = "authors you follow"
TRENDING = "trending"
OUTSIDE = "outside your interests"

OTHER_TERMS = "other terms"
"""The last entry of the evidence: what the terms that are not named add to a score."""
