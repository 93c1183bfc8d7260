"""How many streams a key may have open at once."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; keys that there are have the settings' limit."""
    op.add_column("api_keys", sa.Column("streams", sa.Integer))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("api_keys", "streams")
