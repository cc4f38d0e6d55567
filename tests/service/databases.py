"""Databases of their own for tests, made from a migrated one: migrating takes longer than most."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from service.storage.database import Database

# An account that may make databases on a PostgreSQL server, where the tests are given one.
POSTGRES = os.environ.get("HANDFUL_TEST_POSTGRES_URL", "")


def migrated_file(file: Path) -> Path:
    """A SQLite file with the present schema and nothing in it."""
    _migrate(f"sqlite:///{file}")
    return file


@contextmanager
def postgres_database(name: str, template: str | None = None) -> Iterator[str]:
    """A database on the server for a while, migrated or a copy of a template; its URL."""
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    url = make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template or 'template1'}"))
        if template is None:
            _migrate(url)
        yield url
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def _migrate(url: str) -> None:
    database = Database(url)
    database.migrate()
    database.close()
