"""The site: trending papers for everybody, and each reader's own page. FastAPI is imported here only.

`digest.web.app.create` makes it, `python -m digest.web` serves it. A module a subject; handlers are thin over
`digest.subscribing`, `digest.lifecycle` and the store, and no template is given more than `digest.web.views` says.
"""
