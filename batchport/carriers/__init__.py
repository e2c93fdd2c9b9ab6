"""What partners want to be sent and how they answer, as data: profiles, and the few formats they are made of."""
