"""What programs ask of clients: people, batteries, types, locations, how long history is kept."""

from . import batteries, clients, people, places, retention

parts = (batteries, places, people, clients, retention)
