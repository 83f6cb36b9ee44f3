"""The views of Grafana: the district of a place, a limit that stands still, quicker conditions."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"

_PLACES = """
CREATE OR REPLACE VIEW places AS
SELECT p.place_id, p.name_zh, p.name_en, p.kind, p.area_kind, p.grid_cell_id,
  p.latitude_deg AS latitude, p.longitude_deg AS longitude,
  p.subdistrict_id, s.name_zh AS subdistrict_zh, s.name_en AS subdistrict_en,
  p.unit_id, u.name_zh AS unit_zh, u.name_en AS unit_en, u.kind AS unit_kind,
  p.collecting_unit_id, cu.name_zh AS collecting_unit_zh, cu.name_en AS collecting_unit_en,
  p.crew_id, c.name_zh AS crew_zh, c.name_en AS crew_en,
  (SELECT count(*) FROM registry.containers x WHERE x.place_id = p.place_id) AS containers,
  (SELECT count(*) FROM registry.sensors x WHERE x.place_id = p.place_id) AS sensors,
  (SELECT count(*) FROM registry.cameras x WHERE x.place_id = p.place_id) AS cameras,
  (SELECT v.district_zh FROM registry.versions v ORDER BY v.revision DESC LIMIT 1) AS district_zh,
  (SELECT v.district_en FROM registry.versions v ORDER BY v.revision DESC LIMIT 1) AS district_en
FROM registry.places p
JOIN registry.subdistricts s USING (subdistrict_id)
JOIN registry.units u USING (unit_id)
JOIN registry.units cu ON cu.unit_id = p.collecting_unit_id
JOIN registry.crews c ON c.crew_id = p.crew_id
"""

# The open alerts are gathered once; asked for by each device, they were walked through 5,000 times.
_DEVICES = """
CREATE OR REPLACE VIEW devices AS
SELECT d.device_id, d.kind, d.model, d.gateway_id, d.container_id, d.interval_s,
  p.place_id, p.name_zh AS place_zh, p.name_en AS place_en, p.kind AS place_kind,
  p.latitude, p.longitude, p.subdistrict_id, p.subdistrict_zh, p.subdistrict_en,
  p.unit_id, p.unit_zh, p.unit_en, wrong.conditions
FROM (
  SELECT device_id, 'sensor' AS kind, model, gateway_id, container_id,
    report_interval_s AS interval_s, place_id FROM registry.sensors
  UNION ALL
  SELECT device_id, 'camera', NULL, gateway_id, NULL, snapshot_interval_s, place_id
  FROM registry.cameras
) d JOIN places p USING (place_id)
LEFT JOIN (
  SELECT device_id, string_agg(subject, ', ' ORDER BY subject) AS conditions
  FROM cases.alerts WHERE about_device IS TRUE AND resolved_at IS NULL GROUP BY device_id
) wrong ON wrong.device_id = d.device_id
"""

# A limit runs while somebody has to act: not once handled, nor while it is deferred.
_RUNS = (
    "c.paused_at IS NULL AND c.state NOT IN ('closed', 'rejected', 'voided',"
    " 'awaiting_verification', 'returned', 'deferred', 'suspended')"
)

_CASES = f"""
CREATE OR REPLACE VIEW cases AS
SELECT c.case_id, c.number, c.problem_class, c.source, c.state,
  c.state NOT IN ('closed', 'rejected', 'voided') AS open,
  c.place_id, p.name_zh AS place_zh, p.name_en AS place_en, p.kind AS place_kind, p.area_kind,
  p.latitude, p.longitude, p.subdistrict_id, p.subdistrict_zh, p.subdistrict_en,
  c.unit_id, u.name_zh AS unit_zh, u.name_en AS unit_en, u.kind AS unit_kind,
  c.crew_id, w.name_zh AS crew_zh, w.name_en AS crew_en,
  instant(c.opened_at) AS opened_at, instant(c.filed_at) AS filed_at,
  instant(c.due_at) AS due_at, instant(c.accepted_at) AS accepted_at,
  instant(c.arrived_at) AS arrived_at, instant(c.finished_at) AS finished_at,
  instant(c.ended_at) AS ended_at,
  c.escalation_level, c.rework_count, c.note,
  c.paused_at IS NOT NULL AS paused,
  seconds_between(c.opened_at, c.filed_at) AS filing_s,
  seconds_between(c.filed_at, c.accepted_at) AS acceptance_s,
  seconds_between(c.accepted_at, c.arrived_at) AS arrival_s,
  seconds_between(c.arrived_at, c.finished_at) AS handling_s,
  seconds_between(c.finished_at, c.ended_at) AS verification_s,
  seconds_between(c.opened_at, c.ended_at) AS total_s,
  CASE WHEN {_RUNS}
    THEN extract(epoch FROM instant(c.due_at) - now())::double precision END AS time_left_s,
  {_RUNS} AND coalesce(instant(c.due_at) < now(), false) AS overdue,
  CASE WHEN c.due_at IS NOT NULL AND c.finished_at IS NOT NULL
    THEN c.finished_at <= c.due_at END AS handled_on_time,
  CASE WHEN c.due_at IS NOT NULL AND c.state = 'closed'
    THEN c.ended_at <= c.due_at END AS closed_on_time
FROM cases.cases c
LEFT JOIN places p USING (place_id)
LEFT JOIN registry.units u ON u.unit_id = c.unit_id
LEFT JOIN registry.crews w ON w.crew_id = c.crew_id
"""  # noqa: S608  of our own words


def upgrade() -> None:
    """Keep the district's name beside each version of the registry; replace three views."""
    for column in ("district_zh", "district_en"):
        op.add_column("versions", sa.Column(column, sa.Text()), schema="registry")
    op.execute(
        "UPDATE registry.versions SET district_zh = document::json #>> '{district,zh}',"
        " district_en = document::json #>> '{district,en}'"
    )
    op.execute("SET LOCAL search_path TO dashboards")
    for definition in (_PLACES, _DEVICES, _CASES):
        op.execute(definition)


def downgrade() -> None:
    """Nothing goes back: a database is put back from its backup."""
    raise NotImplementedError
