"""Fleet: which devices can be relied on, and who has to go to one."""

from dashboards.definition import (
    BarsPanel,
    Box,
    Cell,
    CurvePanel,
    Dashboard,
    Field,
    Look,
    NumberPanel,
    Step,
    TablePanel,
)
from dashboards.district import place_link
from dashboards.meanings import TIME, camera_healths, device_states, none_is_good
from dashboards.palette import Colour
from dashboards.queries import fleet_flux, sql
from dashboards.wording import Wording

KEY = "fleet"
SHARE = Look(
    unit="percentunit",
    decimals=0,
    lowest=0,
    highest=1,
    steps=(
        Step(at=None, colour=Colour.PROBLEM),
        Step(at=0.8, colour=Colour.WATCH),
        Step(at=0.95, colour=Colour.GOOD),
    ),
)
"""Below 80 % observed a unit is not assessable."""
_COUNT = Look(unit="none", decimals=0, lowest=0)
_BATTERY = Look(
    unit="percentunit",
    decimals=0,
    lowest=0,
    highest=1,
    steps=(
        Step(at=None, colour=Colour.PROBLEM),
        Step(at=0.15, colour=Colour.WATCH),
        Step(at=0.3, colour=Colour.GOOD),
    ),
)
_SIGNAL = Look(unit="dBm", decimals=0)
_SILENCE = Look(
    unit="s",
    decimals=0,
    steps=(
        Step(at=None, colour=Colour.GOOD),
        Step(at=3_600, colour=Colour.WATCH),
        Step(at=6 * 3_600, colour=Colour.UNKNOWN),
    ),
)
_STATE_COLOURS = {
    "ok": Colour.GOOD,
    "battery_low": Colour.WATCH,
    "camera_unusable": Colour.PROBLEM,
    "silent": Colour.UNKNOWN,
    "unknown": Colour.MEASURED_SECOND,
}
_PLACE_KEYS = ("place_id", "subdistrict_id")


def fleet(wording: Wording) -> Dashboard:
    """Define the dashboard."""
    return Dashboard(
        key=KEY,
        since="now-7d",
        refresh="1m",
        choices=sql.areas(wording.locale),
        links=("district", "system"),
        panels=(
            *_numbers(),
            _states(Box(x=0, y=4, w=12, h=8)),
            _heard(Box(x=12, y=4, w=12, h=8)),
            _lowest("battery_lowest", _BATTERY, Box(x=0, y=12, w=8, h=8)),
            _lowest("rssi_lowest", _SIGNAL, Box(x=8, y=12, w=8, h=8)),
            _cameras(wording, Box(x=16, y=12, w=8, h=8)),
            _devices(wording, Box(x=0, y=20, w=14, h=11)),
            _gaps(wording, Box(x=14, y=20, w=10, h=11)),
            _coverage(Box(x=0, y=31, w=12, h=8)),
            _refused(Box(x=12, y=31, w=12, h=8)),
        ),
    )


def _numbers() -> tuple[NumberPanel, ...]:
    wanted = (
        ("silent", Colour.UNKNOWN),
        ("battery_low", Colour.WATCH),
        ("camera_unusable", Colour.PROBLEM),
        ("sensor_suspect", Colour.WATCH),
    )
    return tuple(
        NumberPanel(
            key=condition,
            box=Box(x=6 * index, y=0, w=6, h=4),
            queries=(
                sql.count(
                    "devices",
                    "devices",
                    f"conditions LIKE '%{condition}%' AND {sql.IN_SUBDISTRICT}",
                ),
            ),
            look=none_is_good(bad),
            none="count",
        )
        for index, (condition, bad) in enumerate(wanted)
    )


def _states(box: Box) -> CurvePanel:
    return CurvePanel(
        key="states",
        box=box,
        queries=(fleet_flux.fleet_counts(list(_STATE_COLOURS)),),
        look=_COUNT,
        none="devices",
        stacked=True,
        fields=tuple(
            Field(name=state, title=f"device_{state}", colour=colour)
            for state, colour in _STATE_COLOURS.items()
        ),
    )


def _heard(box: Box) -> CurvePanel:
    return CurvePanel(
        key="heard",
        box=box,
        queries=(fleet_flux.fleet_share("heard", "devices", "heard"),),
        look=SHARE,
        none="devices",
        limits_drawn=True,
        legend=False,
        fields=(Field(name="heard"),),
    )


def _lowest(name: str, look: Look, box: Box) -> CurvePanel:
    return CurvePanel(
        key=name,
        box=box,
        queries=(fleet_flux.fleet_lowest(name),),
        look=look,
        none="devices",
        limits_drawn=bool(look.steps),
        legend=False,
        fields=(Field(name=name, colour=None if look.steps else Colour.MEASURED),),
    )


def _cameras(wording: Wording, box: Box) -> BarsPanel:
    return BarsPanel(
        key="cameras",
        box=box,
        queries=(fleet_flux.cameras_by_health(),),
        look=_COUNT,
        none="camera",
        category="camera_health",
        horizontal=True,
        fields=(
            Field(name="camera_health", look=camera_healths(wording)),
            Field(name="cameras", look=_COUNT, colour=Colour.MEASURED),
        ),
    )


def _devices(wording: Wording, box: Box) -> TablePanel:
    place = wording.name("place", "place_en")
    columns = (place, "device_id", "state", "silent_s", "battery_ratio", "rssi_dbm", *_PLACE_KEYS)
    return TablePanel(
        key="devices",
        box=box,
        queries=(fleet_flux.devices_now(columns, most=200),),
        look=device_states(wording),
        none="devices",
        fields=(
            Field(name=place, title="place", link=place_link(wording)),
            Field(name="device_id"),
            Field(name="state", look=device_states(wording), cell=Cell.COLOURED_TEXT, width=100),
            Field(name="silent_s", look=_SILENCE, cell=Cell.COLOURED_TEXT, width=110),
            Field(name="battery_ratio", look=_BATTERY, cell=Cell.COLOURED_TEXT, width=90),
            Field(name="rssi_dbm", look=_SIGNAL, width=90),
            Field(name="place_id", hidden=True),
            Field(name="subdistrict_id", hidden=True),
        ),
    )


def _gaps(wording: Wording, box: Box) -> TablePanel:
    columns = ("device_id", "gap_s", "gap_until", *_PLACE_KEYS)
    return TablePanel(
        key="gaps",
        box=box,
        queries=(fleet_flux.longest_silences(columns, most=20),),
        look=_SILENCE,
        none="gaps",
        fields=(
            Field(name="device_id", link=place_link(wording)),
            Field(name="gap_s", look=_SILENCE, cell=Cell.COLOURED_TEXT, width=120),
            Field(name="gap_until", look=TIME, width=130),
            Field(name="place_id", hidden=True),
            Field(name="subdistrict_id", hidden=True),
        ),
    )


def _coverage(box: Box) -> CurvePanel:
    return CurvePanel(
        key="coverage",
        box=box,
        queries=(fleet_flux.coverage_by_day("coverage"),),
        look=SHARE,
        none="day",
        bars=True,
        legend=False,
        fields=(Field(name="coverage"),),
    )


def _refused(box: Box) -> BarsPanel:
    return BarsPanel(
        key="refused",
        box=box,
        queries=(fleet_flux.refused_by_reason(),),
        look=_COUNT,
        none="refused",
        category="reason",
        horizontal=True,
        fields=(
            Field(name="reason"),
            Field(name="letters", look=_COUNT, colour=Colour.PROBLEM),
        ),
    )
