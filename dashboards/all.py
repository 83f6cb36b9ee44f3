"""Every dashboard there is, in the order people meet them."""

from dashboards.district import district
from dashboards.wording import DefinedIn

DASHBOARDS: tuple[DefinedIn, ...] = (district,)
