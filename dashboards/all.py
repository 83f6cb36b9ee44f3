"""Every dashboard there is, in the order people meet them."""

from dashboards.district import district
from dashboards.place import place
from dashboards.wall import wall
from dashboards.wording import DefinedIn

DASHBOARDS: tuple[DefinedIn, ...] = (district, place, wall)
