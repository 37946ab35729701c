"""Music itself: clips, MIDI and audio files, synthesisers, the player."""
