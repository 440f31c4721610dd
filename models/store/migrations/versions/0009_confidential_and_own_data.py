"""confidential and own data

Expand first, contract in a later release: old processes may still serve while this runs.
"""

import sqlalchemy as sa
from alembic import op


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('audit_end',
    sa.Column('side', sa.String(length=8), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('mark', sa.String(length=96), nullable=False),
    sa.PrimaryKeyConstraint('side', name=op.f('pk_audit_end'))
    )
    op.create_table('purge',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('holding', sa.String(length=32), nullable=False),
    sa.Column('before', sa.DateTime(timezone=True), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_purge'))
    )
    op.create_table('secret',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('subject', sa.String(length=400), nullable=False),
    sa.Column('key_id', sa.String(length=16), nullable=False),
    sa.Column('wrapped', sa.LargeBinary(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_secret')),
    sa.UniqueConstraint('kind', 'subject', name=op.f('uq_secret_kind_subject'))
    )
    with op.batch_alter_table('secret', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_secret_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_secret_key_id'), ['key_id'], unique=False)

    op.create_table('talk_certificate',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('before', sa.DateTime(timezone=True), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_talk_certificate')),
    sa.UniqueConstraint('number', name=op.f('uq_talk_certificate_number'))
    )
    op.create_table('survey',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('quarter', sa.Integer(), nullable=False),
    sa.Column('questions', sa.Integer(), nullable=False),
    sa.Column('opens_on', sa.Date(), nullable=False),
    sa.Column('closes_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_survey_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_survey')),
    sa.UniqueConstraint('unit_id', 'year', 'quarter', name=op.f('uq_survey_unit_id_year_quarter'))
    )
    op.create_table('consent',
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('shown_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_consent_person_id')),
    sa.PrimaryKeyConstraint('person_id', name=op.f('pk_consent'))
    )
    op.create_table('data_request',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('said', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['decided_by_id'], ['person.id'], name=op.f('fk_data_request_decided_by_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_data_request_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_data_request')),
    sa.UniqueConstraint('number', name=op.f('uq_data_request_number'))
    )
    with op.batch_alter_table('data_request', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_data_request_person_id'), ['person_id'], unique=False)

    op.create_table('survey_table',
    sa.Column('survey_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('answers', sa.Integer(), nullable=False),
    sa.Column('counts', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['survey_id'], ['survey.id'], name=op.f('fk_survey_table_survey_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_survey_table_unit_id')),
    sa.PrimaryKeyConstraint('survey_id', 'unit_id', name=op.f('pk_survey_table'))
    )
    op.create_table('survey_urn',
    sa.Column('survey_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['survey_id'], ['survey.id'], name=op.f('fk_survey_urn_survey_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_survey_urn_unit_id')),
    sa.PrimaryKeyConstraint('survey_id', 'unit_id', name=op.f('pk_survey_urn'))
    )
    op.create_table('survey_words',
    sa.Column('key', sa.String(length=32), nullable=False),
    sa.Column('survey_id', sa.Integer(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['survey_id'], ['survey.id'], name=op.f('fk_survey_words_survey_id')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_survey_words'))
    )
    with op.batch_alter_table('survey_words', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_survey_words_survey_id'), ['survey_id'], unique=False)

    op.create_table('talk',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('talker_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('as_secretary', sa.Boolean(), nullable=False),
    sa.Column('reader', sa.String(length=32), nullable=True),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reviewed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('certificate', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_talk_person_id')),
    sa.ForeignKeyConstraint(['talker_id'], ['person.id'], name=op.f('fk_talk_talker_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_talk_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_talk')),
    sa.UniqueConstraint('number', name=op.f('uq_talk_number'))
    )
    with op.batch_alter_table('talk', schema=None) as batch_op:
        batch_op.create_index('ix_talk_coverage', ['unit_id', 'as_secretary', 'day'], unique=False)
        batch_op.create_index('ix_talk_person', ['person_id', 'day'], unique=False)
        batch_op.create_index('ix_talk_state', ['state', 'at'], unique=False)
        batch_op.create_index('ix_talk_talker', ['talker_id', 'day'], unique=False)

    op.create_table('talk_call',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('lead_id', sa.Integer(), nullable=False),
    sa.Column('asked', sa.Boolean(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('talk_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['lead_id'], ['person.id'], name=op.f('fk_talk_call_lead_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_talk_call_person_id')),
    sa.ForeignKeyConstraint(['talk_id'], ['talk.id'], name=op.f('fk_talk_call_talk_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_talk_call')),
    sa.UniqueConstraint('number', name=op.f('uq_talk_call_number'))
    )
    with op.batch_alter_table('talk_call', schema=None) as batch_op:
        batch_op.create_index('ix_talk_call_lead', ['lead_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_talk_call_person_id'), ['person_id'], unique=False)

    op.create_table('talk_opening',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('talk_id', sa.Integer(), nullable=False),
    sa.Column('asked_by_id', sa.Integer(), nullable=False),
    sa.Column('agreed_by_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('until', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['agreed_by_id'], ['person.id'], name=op.f('fk_talk_opening_agreed_by_id')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['person.id'], name=op.f('fk_talk_opening_asked_by_id')),
    sa.ForeignKeyConstraint(['talk_id'], ['talk.id'], name=op.f('fk_talk_opening_talk_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_talk_opening')),
    sa.UniqueConstraint('number', name=op.f('uq_talk_opening_number'))
    )
    with op.batch_alter_table('talk_opening', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_talk_opening_talk_id'), ['talk_id'], unique=False)

    op.create_table('talk_strike',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('talk_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_talk_strike_person_id')),
    sa.ForeignKeyConstraint(['talk_id'], ['talk.id'], name=op.f('fk_talk_strike_talk_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_talk_strike'))
    )
    with op.batch_alter_table('talk_strike', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_talk_strike_talk_id'), ['talk_id'], unique=False)

    op.create_table('talk_task',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('talk_id', sa.Integer(), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=False),
    sa.Column('what', sa.String(length=200), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['owner_id'], ['person.id'], name=op.f('fk_talk_task_owner_id')),
    sa.ForeignKeyConstraint(['talk_id'], ['talk.id'], name=op.f('fk_talk_task_talk_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_talk_task'))
    )
    with op.batch_alter_table('talk_task', schema=None) as batch_op:
        batch_op.create_index('ix_talk_task_owner', ['owner_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_talk_task_talk_id'), ['talk_id'], unique=False)

    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.add_column(sa.Column('about_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('hash', sa.String(length=64), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('mark', sa.String(length=96), nullable=False, server_default=''))
        batch_op.create_index('ix_audit_about', ['about_id', 'at'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_audit_about_id'), 'person', ['about_id'], ['id'])



def downgrade() -> None:
    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_audit_about_id'), type_='foreignkey')
        batch_op.drop_index('ix_audit_about')
        batch_op.drop_column('mark')
        batch_op.drop_column('hash')
        batch_op.drop_column('about_id')

    with op.batch_alter_table('talk_task', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_talk_task_talk_id'))
        batch_op.drop_index('ix_talk_task_owner')

    op.drop_table('talk_task')
    with op.batch_alter_table('talk_strike', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_talk_strike_talk_id'))

    op.drop_table('talk_strike')
    with op.batch_alter_table('talk_opening', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_talk_opening_talk_id'))

    op.drop_table('talk_opening')
    with op.batch_alter_table('talk_call', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_talk_call_person_id'))
        batch_op.drop_index('ix_talk_call_lead')

    op.drop_table('talk_call')
    with op.batch_alter_table('talk', schema=None) as batch_op:
        batch_op.drop_index('ix_talk_talker')
        batch_op.drop_index('ix_talk_state')
        batch_op.drop_index('ix_talk_person')
        batch_op.drop_index('ix_talk_coverage')

    op.drop_table('talk')
    with op.batch_alter_table('survey_words', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_survey_words_survey_id'))

    op.drop_table('survey_words')
    op.drop_table('survey_urn')
    op.drop_table('survey_table')
    with op.batch_alter_table('data_request', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_data_request_person_id'))

    op.drop_table('data_request')
    op.drop_table('consent')
    op.drop_table('survey')
    op.drop_table('talk_certificate')
    with op.batch_alter_table('secret', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_secret_key_id'))
        batch_op.drop_index(batch_op.f('ix_secret_at'))

    op.drop_table('secret')
    op.drop_table('purge')
    op.drop_table('audit_end')
