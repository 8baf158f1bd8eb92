"""One pass over one target: gather, store, detect, explain. Collaborators are arguments."""
