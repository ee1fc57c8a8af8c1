"""What the pages of workshops read, a fixed number of queries each. Whoever may not see a thing gets `NotFound`.

A draft is its hosts' alone; a proposal is seen by its hosts, its place's mediators, whoever was drawn or invited, and
the bureau when it waits for their yes; what was published is everybody's.
"""

from workshops.queries.lists import workshops_page
from workshops.queries.one import seen, starts_at, workshop_page
from workshops.queries.reading import reading_page
from workshops.queries.sheets import sheet_page

__all__ = ["reading_page", "seen", "sheet_page", "starts_at", "workshop_page", "workshops_page"]
