"""Cuts a Japanese font down to the characters that bills need, and renames it."""

import sys

from fontTools import subset
from fontTools.ttLib import TTFont

RANGES = [(0x20, 0x7F), (0xA0, 0x180), (0x2010, 0x2040), (0x20A0, 0x20C0), (0x2460, 0x2474),
          (0x3000, 0x3100), (0xFF00, 0xFFE7)]
NAMES = {1: "Bill Sans JP", 3: "1.000;BillSansJP-Regular", 4: "Bill Sans JP", 6: "BillSansJP-Regular", 16: "Bill Sans JP"}


def characters():
    found = {ord(c) for c in "−×÷髙﨑德"}
    for begin, end in RANGES:
        found.update(range(begin, end))
    for row in range(0xA1, 0xFF):
        for cell in range(0xA1, 0xFF):
            try:
                found.add(ord(bytes([row, cell]).decode("euc_jp")))
            except UnicodeDecodeError:
                continue
    return found


def main(source, target):
    options = subset.Options(layout_features=[], hinting=False, name_IDs=["*"])
    font = TTFont(source)
    cut = subset.Subsetter(options)
    cut.populate(unicodes=characters())
    cut.subset(font)
    for record in font["name"].names:
        record.string = NAMES.get(record.nameID, record.string)
    cff = font["CFF "].cff
    cff.fontNames = [NAMES[6]]
    cff.topDictIndex[0].FamilyName = cff.topDictIndex[0].FullName = NAMES[1]
    font.save(target)


main(*sys.argv[1:])
