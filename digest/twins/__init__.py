"""Twins of an issue: the same `Issue` in other forms, for reference managers, wikis and feed readers.

A module a form, each a pure function from issues to text: `bibtex`, `markdown`, and `atom` and `json_feed` over the
same `entries`. `archive` lists a reader's issues, and `names` says what all the files are called.
"""
