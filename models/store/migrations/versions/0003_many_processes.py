"""many processes: leases, outlets, runs with a holder

Expand first, contract in a later release: old processes may still serve while this runs. (This one
contracts too: nothing had been released before it.)
"""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('lease',
    sa.Column('name', sa.String(length=32), nullable=False),
    sa.Column('holder', sa.String(length=64), nullable=True),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('yielding', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_lease'))
    )
    op.create_table('outlet',
    sa.Column('conversation', sa.String(length=256), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('holder', sa.String(length=64), nullable=True),
    sa.Column('last', sa.String(length=64), nullable=False),
    sa.Column('linked', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('conversation', name=op.f('pk_outlet'))
    )
    with op.batch_alter_table('outlet', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outlet_due_at'), ['due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_outlet_holder'), ['holder'], unique=False)
    op.execute(
        "INSERT INTO outlet (conversation, due_at, last, linked) "
        "SELECT conversation, min(not_before), '', false FROM push "
        "WHERE state = 'waiting' GROUP BY conversation"
    )

    with op.batch_alter_table('job_run', schema=None) as batch_op:
        batch_op.add_column(sa.Column('holder', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('attempts', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('retry_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_column('lease_until')

    with op.batch_alter_table('process', schema=None) as batch_op:
        batch_op.add_column(sa.Column('beats', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('listens', sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table('push', schema=None) as batch_op:
        batch_op.drop_index('ix_push_conversation')
        batch_op.create_index('ix_push_sent', ['conversation', 'delivered_at'], unique=False)
        batch_op.create_index('ix_push_waiting', ['conversation', 'id'], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
        batch_op.drop_column('lease_until')


def downgrade() -> None:
    with op.batch_alter_table('push', schema=None) as batch_op:
        batch_op.add_column(sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_index('ix_push_waiting', sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
        batch_op.drop_index('ix_push_sent')
        batch_op.create_index('ix_push_conversation', ['conversation', 'id'], unique=False)

    with op.batch_alter_table('process', schema=None) as batch_op:
        batch_op.drop_column('listens')
        batch_op.drop_column('beats')

    with op.batch_alter_table('job_run', schema=None) as batch_op:
        batch_op.add_column(sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_column('retry_at')
        batch_op.drop_column('attempts')
        batch_op.drop_column('holder')
    op.execute("UPDATE job_run SET lease_until = started_at")
    with op.batch_alter_table('job_run', schema=None) as batch_op:
        batch_op.alter_column('lease_until', existing_type=sa.DateTime(timezone=True), nullable=False)

    with op.batch_alter_table('outlet', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outlet_holder'))
        batch_op.drop_index(batch_op.f('ix_outlet_due_at'))
    op.drop_table('outlet')
    op.drop_table('lease')
