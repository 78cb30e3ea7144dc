"""An hour of use by several people and shells, and what the processes weigh meanwhile: `script/soak`."""
