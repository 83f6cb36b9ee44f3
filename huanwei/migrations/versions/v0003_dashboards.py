"""The views that Grafana reads: our contract with it (docs/dashboards-data.md)."""

from alembic import op

revision = "0003"
down_revision: str | None = "0002"

_INSTANT = """
CREATE FUNCTION instant(us bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN timestamptz 'epoch' + us * interval '1 microsecond'
"""

_SECONDS = """
CREATE FUNCTION seconds_between(from_us bigint, to_us bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (to_us - from_us) / 1000000.0::double precision
"""

_PLACES = """
CREATE VIEW places AS
SELECT p.place_id, p.name_zh, p.name_en, p.kind, p.area_kind, p.grid_cell_id,
  p.latitude_deg AS latitude, p.longitude_deg AS longitude,
  p.subdistrict_id, s.name_zh AS subdistrict_zh, s.name_en AS subdistrict_en,
  p.unit_id, u.name_zh AS unit_zh, u.name_en AS unit_en, u.kind AS unit_kind,
  p.collecting_unit_id, cu.name_zh AS collecting_unit_zh, cu.name_en AS collecting_unit_en,
  p.crew_id, c.name_zh AS crew_zh, c.name_en AS crew_en,
  (SELECT count(*) FROM registry.containers x WHERE x.place_id = p.place_id) AS containers,
  (SELECT count(*) FROM registry.sensors x WHERE x.place_id = p.place_id) AS sensors,
  (SELECT count(*) FROM registry.cameras x WHERE x.place_id = p.place_id) AS cameras
FROM registry.places p
JOIN registry.subdistricts s USING (subdistrict_id)
JOIN registry.units u USING (unit_id)
JOIN registry.units cu ON cu.unit_id = p.collecting_unit_id
JOIN registry.crews c ON c.crew_id = p.crew_id
"""

_DEVICES = """
CREATE VIEW devices AS
SELECT d.device_id, d.kind, d.model, d.gateway_id, d.container_id, d.interval_s,
  p.place_id, p.name_zh AS place_zh, p.name_en AS place_en, p.kind AS place_kind,
  p.latitude, p.longitude, p.subdistrict_id, p.subdistrict_zh, p.subdistrict_en,
  p.unit_id, p.unit_zh, p.unit_en,
  (SELECT string_agg(a.subject, ', ' ORDER BY a.subject) FROM cases.alerts a
    WHERE a.device_id = d.device_id AND a.about_device AND a.resolved_at IS NULL) AS conditions
FROM (
  SELECT device_id, 'sensor' AS kind, model, gateway_id, container_id,
    report_interval_s AS interval_s, place_id FROM registry.sensors
  UNION ALL
  SELECT device_id, 'camera', NULL, gateway_id, NULL, snapshot_interval_s, place_id
  FROM registry.cameras
) d JOIN places p USING (place_id)
"""

_CASES = """
CREATE VIEW cases AS
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
  CASE WHEN c.state NOT IN ('closed', 'rejected', 'voided') AND c.paused_at IS NULL
    THEN extract(epoch FROM instant(c.due_at) - now())::double precision END AS time_left_s,
  c.state NOT IN ('closed', 'rejected', 'voided') AND c.paused_at IS NULL
    AND coalesce(instant(c.due_at) < now(), false) AS overdue,
  CASE WHEN c.due_at IS NOT NULL AND c.finished_at IS NOT NULL
    THEN c.finished_at <= c.due_at END AS handled_on_time,
  CASE WHEN c.due_at IS NOT NULL AND c.state = 'closed'
    THEN c.ended_at <= c.due_at END AS closed_on_time
FROM cases.cases c
LEFT JOIN places p USING (place_id)
LEFT JOIN registry.units u ON u.unit_id = c.unit_id
LEFT JOIN registry.crews w ON w.crew_id = c.crew_id
"""

_CASE_STEPS = """
CREATE VIEW case_steps AS
SELECT l.position, instant(l.at) AS at, l.case_id, c.number, c.place_id, c.problem_class, l.actor,
  l.action, l.state_before, l.state_after, l.note, l.approved_by,
  json_array_length(l.photos) AS photos
FROM cases.case_log l JOIN cases.cases c USING (case_id)
"""

_ALERTS = """
CREATE VIEW alerts AS
SELECT a.alert_id, a.about_device, a.subject, a.level, instant(a.fired_at) AS fired_at,
  instant(a.resolved_at) AS resolved_at, a.resolved_at IS NULL AS open,
  a.place_id, p.name_zh AS place_zh, p.name_en AS place_en, p.kind AS place_kind,
  p.latitude, p.longitude, p.subdistrict_id, p.subdistrict_zh, p.subdistrict_en,
  p.unit_id, p.unit_zh, p.unit_en, a.device_id, a.case_id, c.number AS case_number,
  (SELECT string_agg(r.reason, ', ' ORDER BY r.reason)
    FROM (SELECT DISTINCT reason FROM cases.alert_causes x WHERE x.alert_id = a.alert_id) r
  ) AS reasons,
  '/pictures/' || a.picture_sha256 AS picture
FROM cases.alerts a
LEFT JOIN places p USING (place_id)
LEFT JOIN cases.cases c ON c.case_id = a.case_id
"""

_OPEN_ALERTS = """
CREATE VIEW open_alerts AS
SELECT a.*, extract(epoch FROM now() - a.fired_at)::double precision AS age_s
FROM alerts a WHERE a.open
"""

_EVIDENCE = """
CREATE VIEW evidence AS
SELECT e.at, e.kind, e.place_id, p.name_zh AS place_zh, p.name_en AS place_en,
  p.subdistrict_id, e.problem_class, e.case_id, e.case_number, e.sha256,
  '/pictures/' || e.sha256 AS picture
FROM (
  SELECT instant(a.fired_at) AS at, 'alert' AS kind, a.place_id, a.subject AS problem_class,
    a.case_id, c.number AS case_number, a.picture_sha256 AS sha256
  FROM cases.alerts a LEFT JOIN cases.cases c ON c.case_id = a.case_id
  WHERE a.picture_sha256 IS NOT NULL AND NOT a.about_device
  UNION ALL
  SELECT instant(l.at), l.actor, c.place_id, c.problem_class, c.case_id, c.number, photo.value
  FROM cases.case_log l JOIN cases.cases c USING (case_id),
    LATERAL json_array_elements_text(l.photos) photo
) e LEFT JOIN places p USING (place_id)
"""

_OUTBOX = """
CREATE VIEW outbox AS
SELECT o.message_id, o.case_id, c.number AS case_number, o.level, o.channel, o.recipient,
  w.name_zh AS recipient_zh, w.name_en AS recipient_en, o.state, o.attempts, o.last_error,
  instant(o.created_at) AS created_at, instant(o.settled_at) AS settled_at,
  seconds_between(o.created_at, o.settled_at) AS settled_after_s,
  o.state = 'refused' OR (o.state IN ('waiting', 'sending') AND o.attempts >= 4) AS undelivered
FROM cases.outbox o
LEFT JOIN cases.cases c USING (case_id)
LEFT JOIN registry.crews w ON w.crew_id = o.recipient
"""

_MEASURES = """
CREATE VIEW case_measures AS
SELECT date_trunc('day', m.at, 'Asia/Shanghai') AS day, m.unit_id, u.name_zh AS unit_zh,
  u.name_en AS unit_en, m.problem_class, p.kind AS place_kind, p.area_kind, p.subdistrict_id,
  p.subdistrict_zh, p.subdistrict_en,
  sum(m.reported) AS reported, sum(m.filed) AS filed, sum(m.due) AS due, sum(m.closed) AS closed,
  sum(m.closed_on_time) AS closed_on_time, sum(m.reworked) AS reworked
FROM (
  SELECT instant(opened_at) AS at, unit_id, problem_class, place_id, 1 AS reported,
    (filed_at IS NOT NULL)::int AS filed, 0 AS due, 0 AS closed, 0 AS closed_on_time,
    0 AS reworked
  FROM cases.cases
  UNION ALL
  SELECT instant(due_at), unit_id, problem_class, place_id, 0, 0, 1, (state = 'closed')::int,
    (state = 'closed' AND ended_at <= due_at)::int, (rework_count > 0)::int
  FROM cases.cases
  WHERE due_at IS NOT NULL AND paused_at IS NULL AND state NOT IN ('rejected', 'voided')
) m
LEFT JOIN places p USING (place_id)
LEFT JOIN registry.units u ON u.unit_id = m.unit_id
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
"""

_REGISTRY = """
CREATE VIEW registry_versions AS
SELECT revision, version, imported_at, imported_by FROM registry.versions
"""


def upgrade() -> None:
    """Make the schema ``dashboards``; a later revision replaces a view whole."""
    op.execute("CREATE SCHEMA dashboards")
    # Without cases and registry in the path: every table beneath is named with its schema.
    op.execute("SET LOCAL search_path TO dashboards")
    for definition in (
        _INSTANT,
        _SECONDS,
        _PLACES,
        _DEVICES,
        _CASES,
        _CASE_STEPS,
        _ALERTS,
        _OPEN_ALERTS,
        _EVIDENCE,
        _OUTBOX,
        _MEASURES,
        _REGISTRY,
    ):
        op.execute(definition)


def downgrade() -> None:
    """Nothing goes back: a database is put back from its backup."""
    raise NotImplementedError
