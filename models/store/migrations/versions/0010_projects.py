"""projects from beginning to end

Expand first, contract in a later release: old processes may still serve while this runs.
"""

import sqlalchemy as sa
from alembic import op


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('jury',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('opened_by_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['opened_by_id'], ['person.id'], name=op.f('fk_jury_opened_by_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_jury_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_jury')),
    sa.UniqueConstraint('number', name=op.f('uq_jury_number'))
    )
    with op.batch_alter_table('jury', schema=None) as batch_op:
        batch_op.create_index('ix_jury_state', ['state'], unique=False)

    op.create_table('publicity',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('issue', sa.Integer(), nullable=False),
    sa.Column('cutoff', sa.DateTime(timezone=True), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('released_by_id', sa.Integer(), nullable=True),
    sa.Column('released_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['released_by_id'], ['person.id'], name=op.f('fk_publicity_released_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_publicity')),
    sa.UniqueConstraint('number', name=op.f('uq_publicity_number')),
    sa.UniqueConstraint('year', 'issue', name=op.f('uq_publicity_year_issue'))
    )
    with op.batch_alter_table('publicity', schema=None) as batch_op:
        batch_op.create_index('ix_publicity_state', ['state', 'told_at'], unique=False)

    op.create_table('adjustment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('cause', sa.String(length=32), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=True),
    sa.Column('into_id', sa.Integer(), nullable=True),
    sa.Column('origin_id', sa.Integer(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('outcome', sa.String(length=32), nullable=True),
    sa.Column('joined_id', sa.Integer(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('settled_by_id', sa.Integer(), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['into_id'], ['unit.id'], name=op.f('fk_adjustment_into_id')),
    sa.ForeignKeyConstraint(['joined_id'], ['project.id'], name=op.f('fk_adjustment_joined_id')),
    sa.ForeignKeyConstraint(['origin_id'], ['unit.id'], name=op.f('fk_adjustment_origin_id')),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_adjustment_project_id')),
    sa.ForeignKeyConstraint(['settled_by_id'], ['person.id'], name=op.f('fk_adjustment_settled_by_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_adjustment_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adjustment')),
    sa.UniqueConstraint('number', name=op.f('uq_adjustment_number'))
    )
    with op.batch_alter_table('adjustment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_adjustment_project_id'), ['project_id'], unique=False)
        batch_op.create_index('ix_adjustment_state', ['state', 'at'], unique=False)
        batch_op.create_index('ix_adjustment_unit', ['unit_id'], unique=False)

    op.create_table('confer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('minutes', sa.Text(), nullable=False),
    sa.Column('closed_by_id', sa.Integer(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['closed_by_id'], ['person.id'], name=op.f('fk_confer_closed_by_id')),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_confer_project_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_confer')),
    sa.UniqueConstraint('number', name=op.f('uq_confer_number')),
    sa.UniqueConstraint('project_id', 'round', name=op.f('uq_confer_project_id_round'))
    )
    with op.batch_alter_table('confer', schema=None) as batch_op:
        batch_op.create_index('ix_confer_state', ['state', 'at'], unique=False)

    op.create_table('crew_member',
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_crew_member_person_id')),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_crew_member_project_id')),
    sa.PrimaryKeyConstraint('project_id', 'person_id', name=op.f('pk_crew_member'))
    )
    op.create_table('grade_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('before', sa.String(length=32), nullable=True),
    sa.Column('after', sa.String(length=32), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('promotion', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_grade_change_person_id')),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_grade_change_project_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_grade_change'))
    )
    with op.batch_alter_table('grade_change', schema=None) as batch_op:
        batch_op.create_index('ix_grade_change_project', ['project_id', 'id'], unique=False)

    op.create_table('help_call',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('department_id', sa.Integer(), nullable=True),
    sa.Column('said', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('again', sa.Integer(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('answered_by_id', sa.Integer(), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['answered_by_id'], ['person.id'], name=op.f('fk_help_call_answered_by_id')),
    sa.ForeignKeyConstraint(['department_id'], ['unit.id'], name=op.f('fk_help_call_department_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_help_call_person_id')),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_help_call_project_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_help_call_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_help_call')),
    sa.UniqueConstraint('number', name=op.f('uq_help_call_number'))
    )
    with op.batch_alter_table('help_call', schema=None) as batch_op:
        batch_op.create_index('ix_help_call_project', ['project_id', 'state'], unique=False)
        batch_op.create_index('ix_help_call_state', ['state', 'due_on'], unique=False)

    op.create_table('juror',
    sa.Column('jury_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['jury_id'], ['jury.id'], name=op.f('fk_juror_jury_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_juror_person_id')),
    sa.PrimaryKeyConstraint('jury_id', 'person_id', name=op.f('pk_juror'))
    )
    op.create_table('mark',
    sa.Column('jury_id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('criterion', sa.String(length=32), nullable=False),
    sa.Column('points', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['jury_id'], ['jury.id'], name=op.f('fk_mark_jury_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_mark_person_id')),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_mark_project_id')),
    sa.PrimaryKeyConstraint('jury_id', 'project_id', 'person_id', 'criterion', name=op.f('pk_mark'))
    )
    with op.batch_alter_table('mark', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mark_project_id'), ['project_id'], unique=False)

    op.create_table('milestone',
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('percent', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_milestone_project_id')),
    sa.PrimaryKeyConstraint('project_id', 'place', name=op.f('pk_milestone'))
    )
    with op.batch_alter_table('milestone', schema=None) as batch_op:
        batch_op.create_index('ix_milestone_due', ['due_on'], unique=False)

    op.create_table('project_step',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('before', sa.String(length=32), nullable=True),
    sa.Column('after', sa.String(length=32), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_project_step_person_id')),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_project_step_project_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_project_step'))
    )
    with op.batch_alter_table('project_step', schema=None) as batch_op:
        batch_op.create_index('ix_project_step_project', ['project_id', 'id'], unique=False)

    op.create_table('promotion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('before', sa.String(length=32), nullable=True),
    sa.Column('wanted', sa.String(length=32), nullable=False),
    sa.Column('changed', sa.Text(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['decided_by_id'], ['person.id'], name=op.f('fk_promotion_decided_by_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_promotion_person_id')),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_promotion_project_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_promotion_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_promotion')),
    sa.UniqueConstraint('number', name=op.f('uq_promotion_number'))
    )
    with op.batch_alter_table('promotion', schema=None) as batch_op:
        batch_op.create_index('ix_promotion_project', ['project_id', 'state'], unique=False)
        batch_op.create_index('ix_promotion_state', ['state', 'at'], unique=False)

    op.create_table('publicity_line',
    sa.Column('sheet_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=True),
    sa.Column('branch', sa.String(length=120), nullable=False),
    sa.Column('branch_type', sa.String(length=32), nullable=True),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('grade', sa.String(length=32), nullable=True),
    sa.Column('stage', sa.String(length=32), nullable=True),
    sa.Column('percent', sa.Integer(), nullable=True),
    sa.Column('planned', sa.Integer(), nullable=True),
    sa.Column('ahead', sa.Integer(), nullable=True),
    sa.Column('silent', sa.Integer(), nullable=True),
    sa.Column('light', sa.String(length=8), nullable=False),
    sa.Column('effect', sa.Text(), nullable=False),
    sa.Column('named', sa.String(length=32), nullable=True),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_publicity_line_project_id')),
    sa.ForeignKeyConstraint(['sheet_id'], ['publicity.id'], name=op.f('fk_publicity_line_sheet_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_publicity_line_unit_id')),
    sa.PrimaryKeyConstraint('sheet_id', 'unit_id', name=op.f('pk_publicity_line'))
    )
    with op.batch_alter_table('publicity_line', schema=None) as batch_op:
        batch_op.create_index('ix_publicity_line_unit', ['unit_id'], unique=False)

    op.create_table('publicity_note',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('sheet_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_publicity_note_person_id')),
    sa.ForeignKeyConstraint(['sheet_id'], ['publicity.id'], name=op.f('fk_publicity_note_sheet_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_publicity_note_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_publicity_note'))
    )
    with op.batch_alter_table('publicity_note', schema=None) as batch_op:
        batch_op.create_index('ix_publicity_note_sheet', ['sheet_id', 'id'], unique=False)

    op.create_table('score',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('side', sa.String(length=32), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('points', sa.Integer(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_score_person_id')),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_score_project_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_score')),
    sa.UniqueConstraint('project_id', 'side', 'round', name=op.f('uq_score_project_id_side_round'))
    )
    with op.batch_alter_table('project', schema=None) as batch_op:
        batch_op.add_column(sa.Column('actual', sa.String(length=40), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('better', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('area', sa.String(length=40), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('blends', sa.String(length=120), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('specialty', sa.String(length=40), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('department_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('plan', sa.Text(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('goal', sa.Text(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('measures', sa.Text(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('working_rules', sa.Text(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('standard', sa.Text(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('carrier', sa.Text(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('evidence', sa.Text(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('result', sa.Text(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('jury_points', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('proposer_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('curve', sa.String(length=400), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('outstanding', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_index('ix_project_stage', ['stage', 'year'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_project_department_id'), 'unit', ['department_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_project_proposer_id'), 'person', ['proposer_id'], ['id'])



def downgrade() -> None:
    with op.batch_alter_table('project', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_project_proposer_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_project_department_id'), type_='foreignkey')
        batch_op.drop_index('ix_project_stage')
        batch_op.drop_column('outstanding')
        batch_op.drop_column('curve')
        batch_op.drop_column('proposer_id')
        batch_op.drop_column('jury_points')
        batch_op.drop_column('result')
        batch_op.drop_column('evidence')
        batch_op.drop_column('carrier')
        batch_op.drop_column('standard')
        batch_op.drop_column('working_rules')
        batch_op.drop_column('measures')
        batch_op.drop_column('goal')
        batch_op.drop_column('plan')
        batch_op.drop_column('department_id')
        batch_op.drop_column('specialty')
        batch_op.drop_column('blends')
        batch_op.drop_column('area')
        batch_op.drop_column('better')
        batch_op.drop_column('actual')

    op.drop_table('score')
    with op.batch_alter_table('publicity_note', schema=None) as batch_op:
        batch_op.drop_index('ix_publicity_note_sheet')

    op.drop_table('publicity_note')
    with op.batch_alter_table('publicity_line', schema=None) as batch_op:
        batch_op.drop_index('ix_publicity_line_unit')

    op.drop_table('publicity_line')
    with op.batch_alter_table('promotion', schema=None) as batch_op:
        batch_op.drop_index('ix_promotion_state')
        batch_op.drop_index('ix_promotion_project')

    op.drop_table('promotion')
    with op.batch_alter_table('project_step', schema=None) as batch_op:
        batch_op.drop_index('ix_project_step_project')

    op.drop_table('project_step')
    with op.batch_alter_table('milestone', schema=None) as batch_op:
        batch_op.drop_index('ix_milestone_due')

    op.drop_table('milestone')
    with op.batch_alter_table('mark', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_mark_project_id'))

    op.drop_table('mark')
    op.drop_table('juror')
    with op.batch_alter_table('help_call', schema=None) as batch_op:
        batch_op.drop_index('ix_help_call_state')
        batch_op.drop_index('ix_help_call_project')

    op.drop_table('help_call')
    with op.batch_alter_table('grade_change', schema=None) as batch_op:
        batch_op.drop_index('ix_grade_change_project')

    op.drop_table('grade_change')
    op.drop_table('crew_member')
    with op.batch_alter_table('confer', schema=None) as batch_op:
        batch_op.drop_index('ix_confer_state')

    op.drop_table('confer')
    with op.batch_alter_table('adjustment', schema=None) as batch_op:
        batch_op.drop_index('ix_adjustment_unit')
        batch_op.drop_index('ix_adjustment_state')
        batch_op.drop_index(batch_op.f('ix_adjustment_project_id'))

    op.drop_table('adjustment')
    with op.batch_alter_table('publicity', schema=None) as batch_op:
        batch_op.drop_index('ix_publicity_state')

    op.drop_table('publicity')
    with op.batch_alter_table('jury', schema=None) as batch_op:
        batch_op.drop_index('ix_jury_state')

    op.drop_table('jury')
