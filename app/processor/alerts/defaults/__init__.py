"""Default rules, a file per chemistry, exposing `DEFAULTS`; in force from the day of acceptance.

Sources of the numbers: the alarm and protection limits that Seplos, Victron, Libre Solar,
Pylontech, OpenEMS, foxBMS and OVMS ship, data sheets of the cells, and for lead acid Exide/GNB,
C&D, Eltek and IEEE 1188. They are defaults: the data sheet of the cell wins, and is entered as an
override by EDS.
"""
