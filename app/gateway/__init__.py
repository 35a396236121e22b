"""MODULE API GATEWAY: the door every request passes."""
