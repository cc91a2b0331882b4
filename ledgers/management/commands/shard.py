"""Distribute a database over the machines of a Citus by owner, or check that it is."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from cashman_project.db.postgresql import citus
from cashman_project.db.types import DatabaseRow


class Command(BaseCommand):
    help = (
        "Distribute the tables of owned rows over the machines of a Citus, by owner. It may be run again, and does then"
        " what is still to do. Requests wait meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="only check; exit with 1 if something is not as it should"
        )

    def handle(self, *args: object, check: bool = False, **options: object) -> None:
        """Print what is done. Raises CommandError if the database can't be distributed, or, to check, is not."""
        if not citus.has_citus(connection):
            raise CommandError(_("This database has no Citus. docs/scale.md explains how to start one."))
        if check:
            self._check()
            return
        self._check_fitness()
        citus.shard(connection, self.stdout.write)
        connection.close()  # the next connection has the settings that the database has now
        self._check()

    def _check(self) -> None:
        found = citus.faults(connection)
        for fault in found:
            self.stdout.write(fault)
        if found:
            raise CommandError(
                _("The database is not distributed as it should be: manage.py shard does what is missing.")
            )
        values = {"count": len(citus.owned_tables()), "machines": _machines(citus.nodes(connection))}
        self.stdout.write(_("%(count)d tables are distributed by owner over %(machines)s.") % values)

    def _check_fitness(self) -> None:
        """Raise CommandError if the tables or the machines are not ready to be distributed."""
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError(_("The database is not migrated yet: run manage.py migrate first."))
        if unfit := citus.unfit_keys(connection):
            keys = ", ".join(f"{table}.{name}" for table, name in unfit)
            raise CommandError(_("These keys lack the owner: %(keys)s.") % {"keys": keys})
        groups = {group for group, _name, _port in citus.nodes(connection)}
        if 0 not in groups:
            raise CommandError(_("Citus does not know its coordinator: call citus_set_coordinator_host first."))
        if groups == {0}:
            raise CommandError(_("Citus has no workers: call citus_add_node for each of them first."))


def _machines(nodes: list[DatabaseRow]) -> str:
    return ", ".join(f"{name}:{port}" for group, name, port in nodes if group)
