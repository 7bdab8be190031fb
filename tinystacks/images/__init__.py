"""Images of services that are built from sources: what is in them, building, pushing, finding them again."""
