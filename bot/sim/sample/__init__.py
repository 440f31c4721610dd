"""The sample company of the desk: invented people, places, projects and half a year of reports.

Everything follows from a seed and a moment: the same seed gives the same company for ever, the same
seed and moment give the same rows. The words stand in ``config/sample``.
"""

from bot.sim.sample.load import SampleFacts, SampleGroup, SamplePersona, furnish, load_sample

__all__ = ["SampleFacts", "SampleGroup", "SamplePersona", "furnish", "load_sample"]
