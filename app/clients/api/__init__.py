"""What programs ask of clients: people, batteries, fields, places, how long history is kept."""

from . import batteries, clients, fields, people, places, retention

parts = (batteries, fields, places, people, clients, retention)
