"""The messages between browser, server, agent and lab process. Pure: values and their encoding, no I/O."""
