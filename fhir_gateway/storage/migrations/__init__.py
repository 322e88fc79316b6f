"""How does the schema come to where it is? One step after another, as text that never changes."""
