"""The streets of the fictitious district with their sixty places. Data only."""

from domain.places import AreaKind, PlaceKind
from firmware_sim.district_places import PlaceRow, Story, Street

_POINT, _POINT_EN = "垃圾收集点", "collection point"


def _point(
    number: int, *, containers: int = 1, camera: bool = False, story: Story | None = None
) -> PlaceRow:
    return PlaceRow(
        zh=f"{number}号{_POINT}",
        en=f"No. {number} {_POINT_EN}",
        containers=containers,
        camera=camera,
        story=story or Story(),
    )


def _section(zh: str, en: str, *, story: Story | None = None) -> PlaceRow:
    return PlaceRow(zh=zh, en=en, kind=PlaceKind.STREET_SECTION, story=story or Story())


_DONGGUAN = (
    Street(
        zh="人民东路",
        en="Renmin East Road",
        subdistrict="dongguan",
        area_kind=AreaKind.MAIN_STREET,
        unit_id="unit-dongguan",
        crew_id="crew-dongguan",
        line=((0.4, 0.42), (2.5, 0.05)),
        rows=(
            _point(18, camera=True, containers=2, story=Story(truck_min=11, truck_swept=True)),
            _section("公交枢纽段", "bus hub section"),
            _point(76),
            _section("第一中学段", "No. 1 High School section", story=Story(overflows_min=85)),
            _point(152),
        ),
    ),
    Street(
        zh="东关大街",
        en="Dongguan Street",
        subdistrict="dongguan",
        area_kind=AreaKind.MAIN_STREET,
        unit_id="unit-dongguan",
        crew_id="crew-dongguan",
        line=((1.0, 0.1), (0.85, -0.95)),
        rows=(
            _point(9, containers=2),
            _point(45, camera=True, containers=2, story=Story(overflows_min=40)),
            _section("人民医院段", "People's Hospital section"),
            _point(120),
        ),
    ),
    Street(
        zh="文庙巷",
        en="Wenmiao Alley",
        subdistrict="dongguan",
        area_kind=AreaKind.BACK_ALLEY,
        unit_id="unit-dongguan",
        crew_id="crew-dongguan",
        line=((1.35, -0.3), (1.9, -0.8)),
        rows=(
            _point(3, camera=True, story=Story(litter=True)),
            _point(17),
            _point(31, story=Story(overflows_min=125)),
        ),
    ),
    Street(
        zh="染坊巷",
        en="Ranfang Alley",
        subdistrict="dongguan",
        area_kind=AreaKind.BACK_ALLEY,
        unit_id="unit-dongguan",
        crew_id="crew-dongguan",
        line=((0.4, -0.1), (0.55, -0.6)),
        rows=(_point(5), _point(22)),
    ),
    Street(
        zh="东关农贸市场",
        en="Dongguan Farmers' Market",
        subdistrict="dongguan",
        area_kind=AreaKind.MAIN_STREET,
        unit_id="unit-market",
        crew_id="crew-visitor",
        line=((1.4, 0.37), (1.8, 0.31)),
        rows=(
            PlaceRow(
                zh="垃圾房",
                en="waste room",
                kind=PlaceKind.FARMERS_MARKET,
                containers=3,
                camera=True,
                story=Story(overflows_min=8, visitor=True),
            ),
            PlaceRow(zh="南门收集点", en="south gate collection point", containers=2),
            PlaceRow(
                zh="水产区收集点",
                en="fish hall collection point",
                camera=True,
                story=Story(overflows_min=90, visitor=True),
            ),
        ),
    ),
)

_XIHE = (
    Street(
        zh="人民西路",
        en="Renmin West Road",
        subdistrict="xihe",
        area_kind=AreaKind.MAIN_STREET,
        unit_id="unit-xihe",
        crew_id="crew-xihe",
        line=((-0.5, 0.35), (-2.4, 0.1)),
        rows=(
            _point(7),
            _point(39, camera=True, containers=2, story=Story(truck_min=16, truck_swept=False)),
            _section("工人文化宫段", "Workers' Palace section"),
            _point(101),
            _section("汽车西站段", "West Bus Station section"),
        ),
    ),
    Street(
        zh="沿河路",
        en="Yanhe Road",
        subdistrict="xihe",
        area_kind=AreaKind.MAIN_STREET,
        unit_id="unit-xihe",
        crew_id="crew-xihe",
        line=((-0.35, 0.75), (-0.35, -0.85)),
        rows=(
            _section("滨河公园段", "Riverside Park section"),
            _point(28, containers=2),
            _point(64, camera=True, story=Story(beside=True)),
            _point(90),
        ),
    ),
    Street(
        zh="铁匠巷",
        en="Tiejiang Alley",
        subdistrict="xihe",
        area_kind=AreaKind.BACK_ALLEY,
        unit_id="unit-xihe",
        crew_id="crew-xihe",
        line=((-1.05, -0.2), (-1.4, -0.85)),
        rows=(
            _point(6),
            _point(19, camera=True, story=Story(overflows_min=100)),
            _point(33, story=Story(overflows_min=55)),
        ),
    ),
    Street(
        zh="盐店胡同",
        en="Yandian Hutong",
        subdistrict="xihe",
        area_kind=AreaKind.BACK_ALLEY,
        unit_id="unit-xihe",
        crew_id="crew-xihe",
        line=((-0.75, -0.05), (-0.7, -0.7)),
        rows=(_point(2), _point(14), _point(27)),
    ),
    Street(
        zh="纺织新村",
        en="Fangzhi Estate",
        subdistrict="xihe",
        area_kind=AreaKind.BACK_ALLEY,
        unit_id="unit-xihe",
        crew_id="crew-xihe",
        line=((-1.9, -0.45), (-2.1, -1.15)),
        rows=(
            PlaceRow(zh="东区收集点", en="east collection point", containers=2),
            PlaceRow(zh="西区收集点", en="west collection point"),
        ),
    ),
)

_LIULIN = (
    Street(
        zh="柳林农贸市场",
        en="Liulin Farmers' Market",
        subdistrict="liulin",
        area_kind=AreaKind.URBAN_VILLAGE,
        unit_id="unit-market",
        crew_id="crew-visitor",
        line=((-0.75, -1.75), (-0.5, -1.7)),
        rows=(
            PlaceRow(
                zh="垃圾房",
                en="waste room",
                kind=PlaceKind.FARMERS_MARKET,
                containers=2,
                camera=True,
                story=Story(truck_min=24, truck_swept=True),
            ),
            PlaceRow(zh="西门收集点", en="west gate collection point"),
        ),
    ),
    Street(
        zh="柳林村",
        en="Liulin Village",
        subdistrict="liulin",
        area_kind=AreaKind.URBAN_VILLAGE,
        unit_id="unit-liulin",
        crew_id="crew-qingyun",
        line=((-0.1, -1.6), (0.7, -2.15)),
        rows=(
            PlaceRow(zh="一巷收集点", en="Lane 1 collection point"),
            PlaceRow(
                zh="二巷收集点",
                en="Lane 2 collection point",
                containers=2,
                camera=True,
                story=Story(overflows_min=70),
            ),
            PlaceRow(zh="三巷收集点", en="Lane 3 collection point"),
            PlaceRow(
                zh="祠堂前收集点",
                en="Ancestral Hall collection point",
                camera=True,
                story=Story(truck_min=30, truck_swept=False),
            ),
            PlaceRow(
                zh="出租屋片收集点",
                en="rented houses collection point",
                story=Story(overflows_min=20),
            ),
        ),
    ),
    Street(
        zh="南柳村",
        en="Nanliu Village",
        subdistrict="liulin",
        area_kind=AreaKind.URBAN_VILLAGE,
        unit_id="unit-liulin",
        crew_id="crew-qingyun",
        line=((0.95, -1.95), (1.65, -2.05)),
        rows=(
            PlaceRow(zh="村口收集点", en="village entrance collection point", containers=2),
            PlaceRow(zh="小学旁收集点", en="primary school collection point"),
            PlaceRow(zh="打谷场收集点", en="threshing ground collection point"),
        ),
    ),
    Street(
        zh="南外环路",
        en="South Ring Road",
        subdistrict="liulin",
        area_kind=AreaKind.URBAN_RURAL_FRINGE,
        unit_id="unit-liulin",
        crew_id="crew-qingyun",
        line=((-1.85, -1.95), (-1.0, -2.05)),
        rows=(
            PlaceRow(zh="物流园段", en="logistics park section", kind=PlaceKind.STREET_SECTION),
            PlaceRow(zh="修车铺收集点", en="repair shops collection point"),
            PlaceRow(
                zh="建材市场收集点",
                en="building materials collection point",
            ),
            PlaceRow(zh="涵洞段", en="underpass section", kind=PlaceKind.STREET_SECTION),
        ),
    ),
)

_BEITANG = (
    Street(
        zh="北塘路",
        en="Beitang Road",
        subdistrict="beitang",
        area_kind=AreaKind.URBAN_RURAL_FRINGE,
        unit_id="unit-qingyun",
        crew_id="crew-qingyun",
        line=((-1.6, 1.4), (1.4, 1.5)),
        rows=(
            _point(11),
            _point(58, camera=True),
            PlaceRow(zh="镇政府段", en="town hall section", kind=PlaceKind.STREET_SECTION),
            _point(133, story=Story(overflows_min=110)),
            _point(170),
        ),
    ),
    Street(
        zh="塘口村",
        en="Tangkou Village",
        subdistrict="beitang",
        area_kind=AreaKind.URBAN_RURAL_FRINGE,
        unit_id="unit-qingyun",
        crew_id="crew-qingyun",
        line=((-1.3, 1.95), (-0.3, 2.2)),
        rows=(
            PlaceRow(zh="东头收集点", en="east end collection point"),
            PlaceRow(zh="戏台收集点", en="stage collection point"),
            PlaceRow(zh="鱼塘收集点", en="fish pond collection point"),
            PlaceRow(zh="西头收集点", en="west end collection point"),
        ),
    ),
    Street(
        zh="石桥村",
        en="Shiqiao Village",
        subdistrict="beitang",
        area_kind=AreaKind.URBAN_RURAL_FRINGE,
        unit_id="unit-qingyun",
        crew_id="crew-qingyun",
        line=((1.2, 1.95), (2.1, 1.6)),
        rows=(
            PlaceRow(zh="桥头收集点", en="bridge collection point"),
            PlaceRow(zh="村委会收集点", en="village hall collection point"),
            PlaceRow(zh="果园收集点", en="orchard collection point"),
        ),
    ),
)

STREETS: tuple[Street, ...] = (*_DONGGUAN, *_XIHE, *_LIULIN, *_BEITANG)
