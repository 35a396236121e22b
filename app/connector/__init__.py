"""MODULE BMS CONNECTOR, the portal's half: enrolment and ingest."""
