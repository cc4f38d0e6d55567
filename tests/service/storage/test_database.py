"""Transactions and migrations on the real databases."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import DBAPIError

from service.storage import classifiers, jobs
from service.storage.database import MIGRATIONS, Database
from service.storage.embeddings import embeddings_after
from service.storage.projects import count_images
from service.storage.tables import Base, ProjectRow
from tests.service.databases import POSTGRES


def test_the_service_is_tested_on_postgresql_too() -> None:
    if not POSTGRES:
        pytest.skip("PostgreSQL: set HANDFUL_TEST_POSTGRES_URL to run the service's tests on it")


@pytest.fixture
def fresh(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path}/new/folder/fresh.sqlite3")


@contextmanager
def gone_back(database: Database, revision: str) -> Iterator[Connection]:
    """A transaction that takes the schema back to what it was at a revision."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.connect().execution_options(write=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        yield connection


def test_an_empty_database_is_brought_up_to_date(fresh: Database) -> None:
    fresh.migrate()
    assert set(inspect(fresh.engine).get_table_names()) == {
        *Base.metadata.tables,
        "alembic_version",
    }
    fresh.migrate()  # and once more changes nothing
    fresh.close()


def test_migrations_and_tables_say_the_same(database_url: str) -> None:
    database = Database(database_url)
    with database.engine.connect() as connection:
        found = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(found, Base.metadata) == []
    database.close()


def test_what_was_migrated_can_be_taken_back(database_url: str) -> None:
    database = Database(database_url)
    with gone_back(database, "base"):
        pass
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    database.migrate()
    assert set(Base.metadata.tables) < set(inspect(database.engine).get_table_names())
    database.close()


def test_jobs_of_an_older_schema_go_on(database_url: str) -> None:
    database = Database(database_url)
    with gone_back(database, "0001") as connection:
        connection.execute(
            text(
                "INSERT INTO jobs (id, kind, state, payload, done, total, message, attempts, "
                "cancel_requested, created_at) VALUES ('old', 'embed', 'queued', '{}', 3, 9, '', "
                "2, false, '2026-01-01 00:00:00')"
            )
        )
    database.migrate()
    with database.write() as session:
        assert jobs.claim(session, "old")
        jobs.add_record(session, "old", 3, {"step": 1})
        row = jobs.get_job(session, "old")
        assert (row.done, row.attempts, row.forgiven) == (3, 3, 0)
        assert jobs.records_after(session, "old", 0, 9) == [{"step": 1, "number": 1}]
    database.close()


def test_versions_of_an_older_schema_are_kept(database_url: str) -> None:
    database = Database(database_url)
    with gone_back(database, "0002") as connection:
        for statement in (
            "INSERT INTO encoders VALUES ('e', 'spec', '{}', '2026-01-01 00:00:00')",
            (
                "INSERT INTO projects (id, name, classifier, labels_revision, created_at) "
                "VALUES ('p', 'P', 'auto', 3, '2026-01-01 00:00:00')"
            ),
            (
                "INSERT INTO classifiers (project_id, version, kind, encoder_id, labels_revision, "
                "class_counts, head, created_at) "
                "VALUES ('p', 1, 'auto', 'e', 3, '{}', 'head', '2026-01-01 00:00:00')"
            ),
        ):
            connection.execute(text(statement))
    database.migrate()
    with database.read() as session:
        row = classifiers.get_version(session, "p", 1)
        assert (row.labels, row.metrics, row.pool_size) == (None, None, 0)
    database.close()


def test_processes_that_start_at_once_migrate_once(fresh: Database) -> None:
    code = f"from service.storage.database import Database; Database({fresh.url!r}).migrate()"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(300) for process in processes] == [0, 0]
    with fresh.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    fresh.close()


def test_sqlite_keeps_a_write_ahead_log_and_foreign_keys(fresh: Database) -> None:
    with fresh.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    fresh.close()


def test_an_error_rolls_everything_back(database_url: str) -> None:
    database = Database(database_url)

    def fail_half_way() -> None:
        with database.write() as session:
            session.add(ProjectRow(id="p", name="P"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    with database.read() as session:
        assert session.get(ProjectRow, "p") is None
    database.close()


def test_a_reader_sees_one_state_while_others_write(database_url: str) -> None:
    database = Database(database_url)
    count = select(ProjectRow.id)
    with database.read() as reading:
        assert not list(reading.scalars(count))
        with database.write() as session:
            session.add(ProjectRow(id="p", name="P"))
        assert not list(reading.scalars(count))
    with database.read() as reading:
        assert list(reading.scalars(count)) == ["p"]
    database.close()


def test_writers_take_turns(database_url: str) -> None:
    """Each adds one to what it read: none may have read before another's commit."""
    database = Database(database_url)
    with database.write() as session:
        session.add(ProjectRow(id="p", name="P", labels_revision=0))

    def count_up() -> None:
        for _ in range(5):
            with database.write() as session:
                project = session.get_one(ProjectRow, "p")
                project.labels_revision = project.labels_revision + 1

    threads = [threading.Thread(target=count_up) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.get_one(ProjectRow, "p").labels_revision == 30
    database.close()


def test_a_database_that_is_away_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "folder.sqlite3").mkdir()
    database = Database(f"sqlite:///{tmp_path}/folder.sqlite3")
    with pytest.raises(DBAPIError):
        database.ping()
    database.close()


def test_embeddings_of_an_older_schema_come_to_know_their_project(database_url: str) -> None:
    database = Database(database_url)
    moment = "'2026-01-01 00:00:00'"
    with gone_back(database, "0003") as connection:
        for statement in (
            f"INSERT INTO encoders VALUES ('e', 'spec', '{{}}', {moment})",
            (
                "INSERT INTO projects (id, name, classifier, labels_revision, created_at) "
                f"VALUES ('p', 'P', 'auto', 0, {moment})"
            ),
            (
                "INSERT INTO images (id, project_id, sha256, filename, width, height, created_at) "
                f"VALUES (7, 'p', 'content', 'a.png', 1, 1, {moment})"
            ),
            "INSERT INTO embeddings (image_id, encoder_id, vector) VALUES (7, 'e', :vector)",
        ):
            given = {"vector": bytes(8)} if ":vector" in statement else {}
            connection.execute(text(statement), given)
    database.migrate()
    with database.read() as session:
        _, image_ids, features = embeddings_after(session, "p", "e", 0)
        assert (image_ids.tolist(), features.shape) == ([7], (1, 2))
        assert (count_images(session, "p"), count_images(session, "p", embedded_by="e")) == (1, 1)
    database.close()
