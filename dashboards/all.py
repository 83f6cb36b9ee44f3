"""Every dashboard there is, in the order people meet them."""

from dashboards.cases import cases
from dashboards.collections import collections
from dashboards.district import district
from dashboards.fleet import fleet
from dashboards.place import place
from dashboards.system import system
from dashboards.wall import wall
from dashboards.wording import DefinedIn

DASHBOARDS: tuple[DefinedIn, ...] = (
    district,
    place,
    cases,
    fleet,
    collections,
    system,
    wall,
)
