"""search

The text index itself is made by hand, in the words of each database; it follows the table by
itself: by triggers on SQLite, as a generated column on PostgreSQL. A later revision that alters
this table in batch mode has to make the triggers anew.

Expand first, contract in a later release: old processes may still serve while this runs.
"""

import sqlalchemy as sa
from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


SQLITE = (
    "CREATE VIRTUAL TABLE search_index USING fts5(grams, content='search_entry',"
    " content_rowid='id', tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER search_index_added AFTER INSERT ON search_entry BEGIN"
    " INSERT INTO search_index(rowid, grams) VALUES (new.id, new.grams); END",
    "CREATE TRIGGER search_index_removed AFTER DELETE ON search_entry BEGIN"
    " INSERT INTO search_index(search_index, rowid, grams)"
    " VALUES ('delete', old.id, old.grams); END",
    "CREATE TRIGGER search_index_changed AFTER UPDATE OF grams ON search_entry BEGIN"
    " INSERT INTO search_index(search_index, rowid, grams)"
    " VALUES ('delete', old.id, old.grams);"
    " INSERT INTO search_index(rowid, grams) VALUES (new.id, new.grams); END",
)
POSTGRESQL = (
    "ALTER TABLE search_entry ADD COLUMN search_index tsvector"
    " GENERATED ALWAYS AS (array_to_tsvector(string_to_array(grams, ' '))) STORED",
    "CREATE INDEX search_index_gin ON search_entry USING gin (search_index)",
)


def by_hand(sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    for statement in sqlite if op.get_bind().dialect.name == 'sqlite' else postgresql:
        op.execute(statement)


def upgrade() -> None:
    op.create_table('search_entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('unit_path', sa.String(length=255).with_variant(sa.String(length=255, collation='C'), 'postgresql'), nullable=False),
    sa.Column('audience', sa.String(length=32), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('grams', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['person.id'], name=op.f('fk_search_entry_owner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_search_entry')),
    sa.UniqueConstraint('number', name=op.f('uq_search_entry_number'))
    )
    with op.batch_alter_table('search_entry', schema=None) as batch_op:
        batch_op.create_index('ix_search_entry_kind', ['kind', 'id'], unique=False)
    by_hand(SQLITE, POSTGRESQL)


def downgrade() -> None:
    by_hand(("DROP TABLE search_index",), ())
    with op.batch_alter_table('search_entry', schema=None) as batch_op:
        batch_op.drop_index('ix_search_entry_kind')

    op.drop_table('search_entry')
