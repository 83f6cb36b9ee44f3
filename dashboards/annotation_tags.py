"""The tags of the marks that a running Huanwei writes in Grafana, by which dashboards find them."""

MARK = "huanwei"
"""On all our marks."""
ALERT_OPENED, CASE_CLOSED = "alert_opened", "case_closed"
ABOUT_DEVICE = "about_device"
"""On alerts about a device. The others file a case, which a dashboard marks by itself."""
