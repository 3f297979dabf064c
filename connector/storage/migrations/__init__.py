"""How the schema came to be: Alembic revisions, shipped with the program and run by `connector db upgrade`."""

__all__: list[str] = []
