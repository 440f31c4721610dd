"""Forms as data: field kinds that parse, echo and describe themselves, and the pure dialogue.

Nothing here knows a database, a transport or the hour: what a field has to know of the world
comes in as a :class:`~models.forms.field.Reading`.
"""
