"""checks and notices

Expand first, contract in a later release: old processes may still serve while this runs.
"""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('check_round',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('period', sa.String(length=16), nullable=False),
    sa.Column('seed', sa.String(length=64), nullable=False),
    sa.Column('relaxed', sa.String(length=64), nullable=False),
    sa.Column('exempt', sa.Text(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('drawn_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('drawn_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['drawn_by_id'], ['person.id'], name=op.f('fk_check_round_drawn_by_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_check_round_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_check_round')),
    sa.UniqueConstraint('unit_id', 'period', name=op.f('uq_check_round_unit_id_period'))
    )
    op.create_table('notice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('issuer_id', sa.Integer(), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('year', sa.Integer(), nullable=True),
    sa.Column('serial', sa.Integer(), nullable=True),
    sa.Column('paper_number', sa.String(length=60), nullable=False),
    sa.Column('checked_on', sa.Date(), nullable=False),
    sa.Column('basis', sa.String(length=200), nullable=False),
    sa.Column('demands', sa.Text(), nullable=False),
    sa.Column('drafted_by_id', sa.Integer(), nullable=False),
    sa.Column('drafted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('signed_by_id', sa.Integer(), nullable=True),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('counted_from', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('due_given', sa.Boolean(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('received_by_id', sa.Integer(), nullable=True),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('replied_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('verified_by_id', sa.Integer(), nullable=True),
    sa.Column('verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('extension', sa.String(length=32), nullable=True),
    sa.Column('extension_to', sa.Date(), nullable=True),
    sa.Column('extension_reason', sa.String(length=200), nullable=False),
    sa.Column('extension_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('supervised_on', sa.Date(), nullable=True),
    sa.Column('look_on', sa.Date(), nullable=True),
    sa.Column('looked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('looked_by_id', sa.Integer(), nullable=True),
    sa.Column('look_result', sa.String(length=32), nullable=True),
    sa.ForeignKeyConstraint(['branch_id'], ['unit.id'], name=op.f('fk_notice_branch_id')),
    sa.ForeignKeyConstraint(['drafted_by_id'], ['person.id'], name=op.f('fk_notice_drafted_by_id')),
    sa.ForeignKeyConstraint(['issuer_id'], ['unit.id'], name=op.f('fk_notice_issuer_id')),
    sa.ForeignKeyConstraint(['looked_by_id'], ['person.id'], name=op.f('fk_notice_looked_by_id')),
    sa.ForeignKeyConstraint(['received_by_id'], ['person.id'], name=op.f('fk_notice_received_by_id')),
    sa.ForeignKeyConstraint(['signed_by_id'], ['person.id'], name=op.f('fk_notice_signed_by_id')),
    sa.ForeignKeyConstraint(['verified_by_id'], ['person.id'], name=op.f('fk_notice_verified_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice')),
    sa.UniqueConstraint('issuer_id', 'year', 'serial', name=op.f('uq_notice_issuer_id_year_serial')),
    sa.UniqueConstraint('number', name=op.f('uq_notice_number'))
    )
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index('ix_notice_branch', ['branch_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_notice_paper_number'), ['paper_number'], unique=False)

    op.create_table('branch_check',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=True),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('checker_id', sa.Integer(), nullable=True),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('checklist', sa.String(length=32), nullable=False),
    sa.Column('score', sa.Integer(), nullable=True),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['branch_id'], ['unit.id'], name=op.f('fk_branch_check_branch_id')),
    sa.ForeignKeyConstraint(['checker_id'], ['unit.id'], name=op.f('fk_branch_check_checker_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_branch_check_person_id')),
    sa.ForeignKeyConstraint(['round_id'], ['check_round.id'], name=op.f('fk_branch_check_round_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_branch_check')),
    sa.UniqueConstraint('number', name=op.f('uq_branch_check_number'))
    )
    with op.batch_alter_table('branch_check', schema=None) as batch_op:
        batch_op.create_index('ix_branch_check_branch', ['branch_id', 'done_at'], unique=False)
        batch_op.create_index('ix_branch_check_checker', ['checker_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_branch_check_round_id'), ['round_id'], unique=False)

    op.create_table('notice_step',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('notice_id', sa.Integer(), nullable=False),
    sa.Column('what', sa.String(length=32), nullable=False),
    sa.Column('note', sa.String(length=500), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['notice_id'], ['notice.id'], name=op.f('fk_notice_step_notice_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_notice_step_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice_step'))
    )
    with op.batch_alter_table('notice_step', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notice_step_notice_id'), ['notice_id'], unique=False)

    op.create_table('check_mark',
    sa.Column('check_id', sa.Integer(), nullable=False),
    sa.Column('item', sa.String(length=32), nullable=False),
    sa.Column('verdict', sa.String(length=32), nullable=False),
    sa.Column('remark', sa.String(length=500), nullable=False),
    sa.ForeignKeyConstraint(['check_id'], ['branch_check.id'], name=op.f('fk_check_mark_check_id')),
    sa.PrimaryKeyConstraint('check_id', 'item', name=op.f('pk_check_mark'))
    )
    op.create_table('finding',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('check_id', sa.Integer(), nullable=True),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('item', sa.String(length=32), nullable=False),
    sa.Column('clause', sa.String(length=200), nullable=False),
    sa.Column('said', sa.Text(), nullable=False),
    sa.Column('severity', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('notice_id', sa.Integer(), nullable=True),
    sa.Column('repeats_id', sa.Integer(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['branch_id'], ['unit.id'], name=op.f('fk_finding_branch_id')),
    sa.ForeignKeyConstraint(['check_id'], ['branch_check.id'], name=op.f('fk_finding_check_id')),
    sa.ForeignKeyConstraint(['notice_id'], ['notice.id'], name=op.f('fk_finding_notice_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_finding_person_id')),
    sa.ForeignKeyConstraint(['repeats_id'], ['finding.id'], name=op.f('fk_finding_repeats_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_finding')),
    sa.UniqueConstraint('number', name=op.f('uq_finding_number'))
    )
    with op.batch_alter_table('finding', schema=None) as batch_op:
        batch_op.create_index('ix_finding_branch', ['branch_id', 'at'], unique=False)
        batch_op.create_index(batch_op.f('ix_finding_check_id'), ['check_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_finding_notice_id'), ['notice_id'], unique=False)

    op.create_table('notice_point',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('notice_id', sa.Integer(), nullable=False),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.Column('finding_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('measure', sa.Text(), nullable=False),
    sa.Column('responsible', sa.String(length=60), nullable=False),
    sa.Column('evidence', sa.JSON(), nullable=False),
    sa.Column('replied_by_id', sa.Integer(), nullable=True),
    sa.Column('replied_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('verified_by_id', sa.Integer(), nullable=True),
    sa.Column('verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('returned', sa.String(length=500), nullable=False),
    sa.ForeignKeyConstraint(['finding_id'], ['finding.id'], name=op.f('fk_notice_point_finding_id')),
    sa.ForeignKeyConstraint(['notice_id'], ['notice.id'], name=op.f('fk_notice_point_notice_id')),
    sa.ForeignKeyConstraint(['replied_by_id'], ['person.id'], name=op.f('fk_notice_point_replied_by_id')),
    sa.ForeignKeyConstraint(['verified_by_id'], ['person.id'], name=op.f('fk_notice_point_verified_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice_point')),
    sa.UniqueConstraint('notice_id', 'ordinal', name=op.f('uq_notice_point_notice_id_ordinal'))
    )
    with op.batch_alter_table('notice_point', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notice_point_finding_id'), ['finding_id'], unique=False)

    op.create_table('objection',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('finding_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer', sa.String(length=500), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['decided_by_id'], ['person.id'], name=op.f('fk_objection_decided_by_id')),
    sa.ForeignKeyConstraint(['finding_id'], ['finding.id'], name=op.f('fk_objection_finding_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_objection_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_objection')),
    sa.UniqueConstraint('finding_id', name=op.f('uq_objection_finding_id'))
    )


def downgrade() -> None:
    op.drop_table('objection')
    with op.batch_alter_table('notice_point', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_notice_point_finding_id'))

    op.drop_table('notice_point')
    with op.batch_alter_table('finding', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_finding_notice_id'))
        batch_op.drop_index(batch_op.f('ix_finding_check_id'))
        batch_op.drop_index('ix_finding_branch')

    op.drop_table('finding')
    op.drop_table('check_mark')
    with op.batch_alter_table('notice_step', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_notice_step_notice_id'))

    op.drop_table('notice_step')
    with op.batch_alter_table('branch_check', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_branch_check_round_id'))
        batch_op.drop_index('ix_branch_check_checker')
        batch_op.drop_index('ix_branch_check_branch')

    op.drop_table('branch_check')
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_notice_paper_number'))
        batch_op.drop_index('ix_notice_branch')

    op.drop_table('notice')
    op.drop_table('check_round')
