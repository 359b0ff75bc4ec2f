"""``vendorlab stories``: which there are, and the page of each."""

from __future__ import annotations

import rich_click as click

from vendorlab.cli.common import UsageFailure, show_json, show_table


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON: name, title and vendors of each.")
@click.option("--yaml", "as_yaml", is_flag=True, help="The story itself, to begin one of your own with.")
@click.option("--schema", is_flag=True, help="JSON Schema of a story, for editors.")
@click.option("--rules", is_flag=True, help="The rules by which stories judge.")
def stories(name: str | None, as_json: bool, as_yaml: bool, schema: bool, rules: bool) -> None:
    """List the stories, or show the page of one.

    \b
    Examples:
      vendorlab stories
      vendorlab stories expired-token
      vendorlab stories outage --yaml > my-story.yaml
      vendorlab stories --schema > story.schema.json
    """
    from vendorlab.scenarios.core import story as found
    from vendorlab.scenarios.core.errors import ScenarioError
    from vendorlab.scenarios.core.pages import page
    from vendorlab.scenarios.core.rules import RULES

    if schema:
        show_json(found.schema())
    elif rules:
        show_table(["rule", "what a good client does"], [[rule.name, rule.title] for rule in RULES.values()])
    elif as_yaml and name is None:
        raise UsageFailure("name the story whose YAML you want; `vendorlab stories` lists them")
    elif name is not None:
        try:
            one = found.find(name)
            click.echo(one.source.text if as_yaml else page(one), nl=False)
        except ScenarioError as error:
            raise UsageFailure(str(error)) from error
    else:
        every = [found.find(one) for one in found.names()]
        listed = [{"name": one.name, "title": one.spec.title, "vendors": one.spec.vendors} for one in every]
        if as_json:
            show_json(listed)
        else:
            show_table(
                ["story", "title", "vendors"], [[one.name, one.spec.title, " ".join(one.spec.vendors)] for one in every]
            )
