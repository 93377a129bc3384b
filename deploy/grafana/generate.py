"""Writes the two Grafana dashboards: `python -m deploy.grafana.generate` after every change in this folder.

Metric names come from streams.metrics.definitions, so a dashboard cannot ask for what no worker exports. Titles are in
Vietnamese and English: Grafana has no translations of its own.
"""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.overview import overview
from deploy.grafana.pipeline import pipeline

FOLDER = Path(__file__).parent / "dashboards"
DASHBOARDS = {"kpi-overview.json": overview, "kpi-pipeline.json": pipeline}


def rendered(name: str) -> str:
    """The JSON of one dashboard, as it is committed."""
    built = DASHBOARDS[name]().build()
    for number, panel in enumerate(built.panels or [], start=1):
        panel.id_val = number  # Grafana would number them anew at every load, and links to a panel would break
    return json.dumps(built, cls=JSONEncoder, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    for file_name in DASHBOARDS:
        (FOLDER / file_name).write_text(rendered(file_name), encoding="utf-8")
        print(FOLDER / file_name)
