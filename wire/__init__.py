"""What travels by MQTT: topics, payload coding, and the one MQTT client."""
