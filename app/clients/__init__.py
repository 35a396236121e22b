"""MODULE CLIENT MANAGER: clients, people, catalogue, custom fields."""
