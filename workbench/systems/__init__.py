"""The five systems: DrumLDM, MidiGPT, DiffusionLM, LDMG and MusicLDM, and what they share."""
