# Sets nothing yet.
