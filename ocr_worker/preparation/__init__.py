"""Makes pages easier to read: `prepare` decides, `levels` and `straightening` do."""
