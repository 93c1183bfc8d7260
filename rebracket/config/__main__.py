"""`python -m rebracket.config`: writes anew what is generated of the settings."""

from pathlib import Path

from rebracket.config.documents import schema, with_table

ROOT = Path(__file__).parents[2]


def main() -> None:
    """The schema in `deploy/`, the table in the README."""
    (ROOT / "deploy" / "config.schema.json").write_text(schema(), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
