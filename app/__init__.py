"""The shell of Le Réseau: what every domain stands on.

It knows settings, databases, people, time, pages and messages. It imports no domain, except in `app.main` and
`app.cli`, where the registry is put together.
"""
