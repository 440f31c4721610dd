"""visits and watch list

Expand first, contract in a later release: old processes may still serve while this runs.
"""

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('visit',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('visitor_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('planned_by_id', sa.Integer(), nullable=True),
    sa.Column('plan_on', sa.Date(), nullable=True),
    sa.Column('visited_on', sa.Date(), nullable=True),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('said', sa.Text(), nullable=False),
    sa.Column('answers', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['branch_id'], ['unit.id'], name=op.f('fk_visit_branch_id')),
    sa.ForeignKeyConstraint(['planned_by_id'], ['person.id'], name=op.f('fk_visit_planned_by_id')),
    sa.ForeignKeyConstraint(['visitor_id'], ['person.id'], name=op.f('fk_visit_visitor_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visit')),
    sa.UniqueConstraint('number', name=op.f('uq_visit_number'))
    )
    with op.batch_alter_table('visit', schema=None) as batch_op:
        batch_op.create_index('ix_visit_branch', ['branch_id', 'state', 'visited_on'], unique=False)
        batch_op.create_index('ix_visit_person', ['visitor_id', 'state'], unique=False)

    op.create_table('watch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('measures', sa.Text(), nullable=False),
    sa.Column('exit_condition', sa.Text(), nullable=False),
    sa.Column('superior_id', sa.Integer(), nullable=False),
    sa.Column('proposed_by_id', sa.Integer(), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('signed_by_id', sa.Integer(), nullable=True),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('review_on', sa.Date(), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['branch_id'], ['unit.id'], name=op.f('fk_watch_branch_id')),
    sa.ForeignKeyConstraint(['proposed_by_id'], ['person.id'], name=op.f('fk_watch_proposed_by_id')),
    sa.ForeignKeyConstraint(['signed_by_id'], ['person.id'], name=op.f('fk_watch_signed_by_id')),
    sa.ForeignKeyConstraint(['superior_id'], ['person.id'], name=op.f('fk_watch_superior_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_watch')),
    sa.UniqueConstraint('number', name=op.f('uq_watch_number'))
    )
    with op.batch_alter_table('watch', schema=None) as batch_op:
        batch_op.create_index('ix_watch_branch', ['branch_id', 'state'], unique=False)

    op.create_table('visit_point',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('said', sa.Text(), nullable=False),
    sa.Column('record', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_visit_point_visit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visit_point')),
    sa.UniqueConstraint('visit_id', 'ordinal', name=op.f('uq_visit_point_visit_id_ordinal'))
    )
    with op.batch_alter_table('visit_point', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_visit_point_record'), ['record'], unique=False)

    op.create_table('watch_note',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('watch_id', sa.Integer(), nullable=False),
    sa.Column('what', sa.String(length=32), nullable=False),
    sa.Column('said', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_watch_note_person_id')),
    sa.ForeignKeyConstraint(['watch_id'], ['watch.id'], name=op.f('fk_watch_note_watch_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_watch_note'))
    )
    with op.batch_alter_table('watch_note', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_watch_note_watch_id'), ['watch_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('watch_note', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_watch_note_watch_id'))

    op.drop_table('watch_note')
    with op.batch_alter_table('visit_point', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_visit_point_record'))

    op.drop_table('visit_point')
    with op.batch_alter_table('watch', schema=None) as batch_op:
        batch_op.drop_index('ix_watch_branch')

    op.drop_table('watch')
    with op.batch_alter_table('visit', schema=None) as batch_op:
        batch_op.drop_index('ix_visit_person')
        batch_op.drop_index('ix_visit_branch')

    op.drop_table('visit')
