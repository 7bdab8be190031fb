"""Sessions into running containers, as Session Manager's data channel carries them, served and taken here."""
