"""Register maps: what stands in a Modbus device's registers, and the files that say so."""
