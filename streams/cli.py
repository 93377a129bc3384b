"""The `kpi` command. Each subcommand is one module in `streams/commands`, imported only when it is called."""

from importlib import import_module

import click

COMMANDS = {
    "calendar": "calendar",
    "check": "check",
    "dead-letter": "dead_letter",
    "demo": "demo",
    "emit": "emit",
    "explain": "explain",
    "import": "import_",
    "replay": "replay",
    "resume": "resume",
    "schema": "schema",
    "simulate": "simulate",
    "state": "state",
    "worker": "worker",
}
"""Subcommand -> module in `streams.commands`; the module's `command` is the click command."""


class LazyGroup(click.Group):
    """Imports a subcommand's module on first use: `kpi check` must not wait for Faust."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all subcommands, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, or None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"streams.commands.{COMMANDS[cmd_name]}")
        command: click.Command = module.command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kpi-streams")
def main() -> None:
    """Real-time KPIs from activity events: values, pace, stalls and anomalies, told to the right person."""


if __name__ == "__main__":
    main()
