"""paper templates

Expand first, contract in a later release: old processes may still serve while this runs.
"""

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('paper_template',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('paper', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=True),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['digest'], ['blob.digest'], name=op.f('fk_paper_template_digest')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_paper_template_person_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_paper_template_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_paper_template'))
    )
    with op.batch_alter_table('paper_template', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_paper_template_unit_id'), ['unit_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('paper_template', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_paper_template_unit_id'))

    op.drop_table('paper_template')
