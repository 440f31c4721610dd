"""duties and pauses

Expand first, contract in a later release: old processes may still serve while this runs.
"""

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('away',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=False),
    sa.Column('reason', sa.String(length=60), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_away_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_away'))
    )
    with op.batch_alter_table('away', schema=None) as batch_op:
        batch_op.create_index('ix_away_days', ['last_on', 'first_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_away_person_id'), ['person_id'], unique=False)

    op.create_table('emergency',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('declared_by_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_by_id', sa.Integer(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['declared_by_id'], ['person.id'], name=op.f('fk_emergency_declared_by_id')),
    sa.ForeignKeyConstraint(['ended_by_id'], ['person.id'], name=op.f('fk_emergency_ended_by_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_emergency_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_emergency'))
    )
    with op.batch_alter_table('emergency', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_emergency_unit_id'), ['unit_id'], unique=False)

    op.create_table('load_pass',
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('week', sa.Date(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['branch_id'], ['unit.id'], name=op.f('fk_load_pass_branch_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_load_pass_person_id')),
    sa.PrimaryKeyConstraint('branch_id', 'week', name=op.f('pk_load_pass'))
    )
    op.create_table('owed',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('source', sa.String(length=32), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('detail', sa.String(length=400), nullable=False),
    sa.Column('private', sa.Boolean(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=True),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('planned_on', sa.Date(), nullable=False),
    sa.Column('due', sa.Date(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('opened_on', sa.Date(), nullable=False),
    sa.Column('closed_on', sa.Date(), nullable=True),
    sa.Column('told_on', sa.Date(), nullable=True),
    sa.Column('stage', sa.String(length=32), nullable=True),
    sa.Column('reminded_on', sa.Date(), nullable=True),
    sa.Column('rung', sa.String(length=32), nullable=True),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['branch_id'], ['unit.id'], name=op.f('fk_owed_branch_id')),
    sa.ForeignKeyConstraint(['owner_id'], ['person.id'], name=op.f('fk_owed_owner_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_owed_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_owed')),
    sa.UniqueConstraint('key', name=op.f('uq_owed_key'))
    )
    with op.batch_alter_table('owed', schema=None) as batch_op:
        batch_op.create_index('ix_owed_branch', ['branch_id', 'told_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_owed_number'), ['number'], unique=False)
        batch_op.create_index('ix_owed_source', ['source', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_owed_unit_id'), ['unit_id'], unique=False)

    op.create_table('escalation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('owed_id', sa.Integer(), nullable=False),
    sa.Column('rung', sa.String(length=32), nullable=False),
    sa.Column('on', sa.Date(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('told', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['owed_id'], ['owed.id'], name=op.f('fk_escalation_owed_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_escalation')),
    sa.UniqueConstraint('owed_id', 'rung', name=op.f('uq_escalation_owed_id_rung'))
    )
    with op.batch_alter_table('escalation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_escalation_on'), ['on'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('escalation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_escalation_on'))

    op.drop_table('escalation')
    with op.batch_alter_table('owed', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_owed_unit_id'))
        batch_op.drop_index('ix_owed_source')
        batch_op.drop_index(batch_op.f('ix_owed_number'))
        batch_op.drop_index('ix_owed_branch')

    op.drop_table('owed')
    op.drop_table('load_pass')
    with op.batch_alter_table('emergency', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_emergency_unit_id'))

    op.drop_table('emergency')
    with op.batch_alter_table('away', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_away_person_id'))
        batch_op.drop_index('ix_away_days')

    op.drop_table('away')
