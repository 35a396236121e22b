"""What programs ask of clients: their people, and a client's batteries, types and locations."""

from . import batteries, clients, people, places

parts = (batteries, places, people, clients)
